import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type { FetchRequest } from './fetch-by-pip.ts';

/** Fetches the Temporal CLI from Temporal's own releases, for machines without Python. Answers the command's path. */
export async function fetchRelease(
  { version, folder }: Pick<FetchRequest, 'version' | 'folder'>,
  releases = 'https://github.com/temporalio/cli/releases/download',
): Promise<string> {
  const { platform, kind, command } = target();
  const archive = `temporal_cli_${version}_${platform}_${ARCHITECTURE[process.arch] ?? process.arch}.${kind}`;
  const file = join(folder, archive);
  await download(`${releases}/v${version}/${archive}`, file);
  // Every system that Node runs on has a tar, and on Windows it reads zip files, too.
  await promisify(execFile)('tar', ['-xf', file, '-C', folder, command], { timeout: 60_000 });
  return join(folder, command);
}

const LIMIT = 120_000;
const ARCHITECTURE: Readonly<Record<string, string>> = { x64: 'amd64' };

function target() {
  return process.platform === 'win32'
    ? { platform: 'windows', kind: 'zip', command: 'temporal.exe' }
    : { platform: process.platform, kind: 'tar.gz', command: 'temporal' };
}

async function download(url: string, file: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(LIMIT) }).catch(
    (error: unknown) => {
      const cause = error instanceof Error ? error.cause : undefined;
      throw new Error(`${url}: ${cause instanceof Error ? cause.message : String(error)}`, {
        cause: error,
      });
    },
  );
  if (!response.ok || !response.body) throw new Error(`${url}: HTTP ${response.status}`);
  await pipeline(response.body, createWriteStream(file));
}
