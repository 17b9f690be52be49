import { execFile } from 'node:child_process';
import { access, constants, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { loadConfig, type LocalConfig } from '../process/config.ts';
import { type FetchRequest, fetchByPip } from './fetch-by-pip.ts';
import { fetchRelease } from './fetch-release.ts';

/** The version that is fetched when none is here. */
export const PINNED = '1.9.1';
const OLDEST = '1.9.0';

/**
 * Answers a Temporal CLI whose version was asked: the named one, the one kept in the folder, one on PATH,
 * or the pinned one, which it fetches into the folder.
 */
export async function temporalCli(
  folder: string,
  report: (line: string) => void,
  { temporalCli: named, path }: Pick<LocalConfig, 'temporalCli' | 'path'> = loadConfig().local,
  sources: readonly Source[] = SOURCES,
): Promise<string> {
  if (named !== undefined) return check(named);
  const kept = join(folder, `temporal-${PINNED}`, NAME);
  if ((await versionOf(kept)) === PINNED) return kept;
  return (await onPath(path, report)) ?? (await fetchInto(kept, folder, path, report, sources));
}

/** A way to get the pinned CLI: puts the command into the folder and answers its path there. */
export interface Source {
  readonly name: string;
  fetch(request: FetchRequest): Promise<string>;
}

const SOURCES: readonly Source[] = [
  { name: 'python3 -m pip', fetch: (request) => fetchByPip('python3', request) },
  { name: 'python -m pip', fetch: (request) => fetchByPip('python', request) },
  { name: "Temporal's releases", fetch: (request) => fetchRelease(request) },
];

const NAME = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
const run = promisify(execFile);

async function check(named: string): Promise<string> {
  const version = await versionOf(named);
  if (version !== undefined && !isOlder(version)) return named;
  const got = version === undefined ? 'does not run as one' : `is ${version}`;
  throw new Error(
    `Expected TEMPORAL_CLI to be a Temporal CLI of ${OLDEST} or later, but ${named} ${got}. Name another, or unset it.`,
  );
}

async function onPath(path: string, report: (line: string) => void): Promise<string | undefined> {
  for (const command of candidates(NAME, path)) {
    const version = await versionOf(command);
    if (version !== undefined && !isOlder(version)) return command;
    if (version !== undefined)
      report(`Passed over ${command}: it is ${version}, older than ${OLDEST}.`);
  }
  return undefined;
}

async function fetchInto(
  kept: string,
  folder: string,
  path: string,
  report: (line: string) => void,
  sources: readonly Source[],
): Promise<string> {
  report(`Fetching the Temporal CLI ${PINNED} (45 MB, once) …`);
  await mkdir(folder, { recursive: true });
  const failures: string[] = [];
  for (const source of sources) {
    const part = await mkdtemp(join(folder, '.part-'));
    try {
      const fetched = await source.fetch({ version: PINNED, folder: part, path });
      const version = await versionOf(fetched);
      if (version !== PINNED) throw new Error(`got ${version ?? 'something that does not run'}`);
      await mkdir(join(kept, '..'), { recursive: true });
      // The last step, and a single one: what lies there is whole, also when two starts fetch at once.
      await rename(fetched, kept);
      report(`Kept it as ${kept}`);
      return kept;
    } catch (error) {
      failures.push(`  ${source.name}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await rm(part, { recursive: true, force: true });
    }
  }
  throw new Error(
    [
      'The Temporal CLI is not here and could not be fetched:',
      ...failures,
      'Install it (https://docs.temporal.io/cli) and put it on PATH, or set TEMPORAL_CLI to it.',
    ].join('\n'),
  );
}

/** Undefined when there is no such command, or it is no Temporal CLI. */
async function versionOf(command: string): Promise<string | undefined> {
  try {
    await access(command, constants.X_OK);
    const { stdout } = await run(command, ['--version'], { timeout: 10_000 });
    return /^temporal version (\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

const isOlder = (version: string): boolean =>
  version.localeCompare(OLDEST, 'en', { numeric: true }) < 0;

const candidates = (name: string, path: string): string[] =>
  path
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, name));
