import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { nodeOf } from '../scripts/node-of.ts';
import { importsOf } from './support/imports-of.ts';
import { eventually } from './support/whole.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MINUTES = 60_000;
const MANIFEST = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
  readonly engines: { readonly node: string };
};
let folder: string;
/** The example, as a project of its own that has installed the tarball. */
let project: string;
let packed: readonly string[];
let tarballFile: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waymark-package-'));
  project = join(folder, 'hello');
  await cp(join(ROOT, 'examples/hello'), project, {
    recursive: true,
    filter: (path) => !/\/(?:node_modules|dist)$/.test(path),
  });
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], ROOT);
  // The build's own output comes first.
  const [tarball] = JSON.parse(stdout.slice(stdout.search(/^\[/m))) as [
    { filename: string; files: { path: string }[] },
  ];
  packed = tarball.files.map(({ path }) => path);
  tarballFile = join(folder, tarball.filename);
  await install(project);
}, 10 * MINUTES);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The oldest of each line of Node that the package says it runs on. */
const floors = MANIFEST.engines.node.match(/\d+\.\d+\.\d+/g) ?? [];
test('the package says on which Node it runs', () => {
  expect(floors.length).toBeGreaterThan(1);
});

describe('the tarball', () => {
  test('holds what is built, and what is read', () => {
    const others = packed.filter(
      (path) => !/^(?:dist\/.+\.(?:js|cjs|js\.map|d\.ts)|(?:docs|examples|deploy)\/.+)$/.test(path),
    );
    expect(others.toSorted()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'docker-compose.yml',
      'package.json',
      'schema.graphql',
      'schema.webiny.graphql',
    ]);
    expect(packed.filter((path) => /examples\/.*(?:node_modules|dist)/.test(path))).toEqual([]);
  });

  test('holds all that its pages link to', async () => {
    const installed = join(project, 'node_modules/waymark');
    const pages = packed.filter((path) => path.endsWith('.md'));
    expect(pages.length).toBeGreaterThan(5);
    for (const page of pages) {
      const text = await readFile(join(installed, page), 'utf8');
      const linked = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) => path);
      const missing = linked.filter((path) => !existsSync(join(installed, dirname(page), path)));
      expect({ page, missing }).toEqual({ page, missing: [] });
    }
  });

  test.each(floors)(
    'installs on Node %s with --engine-strict, without a warning',
    { timeout: 5 * MINUTES },
    async (version) => {
      const other = join(folder, `on-${version}`);
      await mkdir(other);
      await cp(join(project, 'package.json'), join(other, 'package.json'));
      const PATH = `${await nodeOf(version)}:${process.env['PATH'] ?? ''}`;
      const said = await install(other, ['--engine-strict'], { PATH });
      // What npm says of its own settings, which are this machine's, is not about the package.
      const warnings = said
        .split('\n')
        .filter((line) => line.startsWith('npm warn') && !/Unknown \w+ config/.test(line));
      expect(warnings).toEqual([]);
    },
  );

  test.each(['dist/service/task-service.js', 'dist/exports/index.js', 'workflows'])(
    'keeps waymark/%s to itself',
    async (path) => {
      const script = `await import('waymark/${path}')`;
      await expect(
        run(process.execPath, ['--input-type=module', '-e', script], project),
      ).rejects.toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED');
    },
  );

  test('has a door to workflow code that leads to neither Node nor a client', async () => {
    const dist = join(project, 'node_modules/waymark/dist');
    const loaded = await reachable(join(dist, 'exports/workflow.js'), dist);
    const own = /^(?:exports\/workflow\.js$|workflows\/|contract\/|tools\/)/;
    const pure = /^(?:zod|@temporalio\/workflow|@temporalio\/common\/lib\/time\.js)$/;
    expect([...loaded].filter((name) => !own.test(name) && !pure.test(name))).toEqual([]);
    expect(loaded).toContain('@temporalio/workflow');
  });
});

describe('a project that has installed it', () => {
  test('compiles, and passes its own tests', { timeout: 5 * MINUTES }, async () => {
    const { stdout } = await run('npm', ['test'], project);
    expect(stdout).toMatch(/^# pass 2$/m);
  });

  test('does not compile with a wrong definition or input', { timeout: MINUTES }, async () => {
    await writeFile(
      join(project, 'wrong.ts'),
      [
        `import type { Tasks } from 'waymark';`,
        `import type * as tasks from './src/tasks.js';`,
        `declare const service: Tasks<typeof tasks>;`,
        `await service.trigger({ definition: 'greetEverybody', input: { names: ['Ann'] } });`,
        `await service.trigger({ definition: 'greetEveryone', input: { names: 'Ann' } });`,
        `await service.trigger({ definition: 'greetEveryone', input: { names: ['Ann'], language: 'xx' } });`,
        `await service.trigger({ definition: 'greetEveryone', input: {} });`,
      ].join('\n'),
    );
    const config = { extends: './tsconfig.json', include: ['wrong.ts'] };
    await writeFile(join(project, 'tsconfig.wrong.json'), JSON.stringify(config));
    const said = await run('npx', ['tsc', '--noEmit', '-p', 'tsconfig.wrong.json'], project).then(
      () => '',
      String,
    );
    expect(said.match(/wrong\.ts\(\d+,\d+\): error TS\d+/g)).toEqual([
      expect.stringMatching(/\(4,.*TS2322/),
      expect.stringMatching(/\(5,.*TS2322/),
      expect.stringMatching(/\(6,.*TS2322/),
      expect.stringMatching(/\(7,.*TS2741/),
    ]);
    expect(said).toContain(`'"greetEverybody"' is not assignable to type '"greetEveryone"'`);
  });

  test('runs everything on one machine by one command', { timeout: 5 * MINUTES }, async () => {
    const local = start('dist/src/local.js', {
      TEMPORAL_ADDRESS: inject('temporal').address,
      WAYMARK_TASK_QUEUE: `test-${randomUUID()}`,
      PORT: '0',
    });
    try {
      const [, page = ''] = await says(local, /GraphQL page +(\S+)/);
      expect((await fetch(page)).status).toBe(200);
      const query = `mutation { triggerGreetEveryone(input: { names: ["Ann"] }) { __typename } }`;
      expect(await post(page.replace(/graphiql$/, 'graphql'), { query })).toEqual({
        data: { triggerGreetEveryone: { __typename: 'TaskRunTriggered' } },
      });
    } finally {
      await stop(local);
    }
    expect(local.exitCode).toBe(0);
  });

  test('runs its worker, and its server with GraphQL in it', { timeout: 5 * MINUTES }, async () => {
    const env = {
      TEMPORAL_ADDRESS: inject('temporal').address,
      TASK_QUEUE: `test-${randomUUID()}`,
    };
    const worker = start('dist/src/worker.js', env);
    const server = start('dist/src/server.js', { ...env, PORT: '0' });
    try {
      const [, address = ''] = await says(server, /Serving at (\S+)\/graphql/);
      const triggered = await post(`${address}/greetings`, { names: ['Ann', 'Bob'] });
      expect(triggered).toEqual({ id: expect.any(String) });
      const query = `query Run($id: ID!) { taskRun(id: $id) { name status output } }`;
      await eventually(
        async () =>
          expect(await post(`${address}/graphql`, { query, variables: triggered })).toEqual({
            data: {
              taskRun: { name: 'Greet 2 people', status: 'SUCCEEDED', output: { greeted: 2 } },
            },
          }),
        { within: MINUTES },
      );
    } finally {
      await Promise.all([stop(worker), stop(server)]);
    }
    expect([worker.exitCode, server.exitCode]).toEqual([0, 0]);
  });
});

/** Installs the tarball there; what npm has to say. */
async function install(
  folder: string,
  more: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const quick = ['--prefer-offline', '--no-audit', '--no-fund', ...more];
  const { stdout, stderr } = await run('npm', ['install', ...quick, tarballFile], folder, env);
  return stdout + stderr;
}

const execute = promisify(execFile);
async function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const options = {
    cwd,
    timeout: 8 * MINUTES,
    maxBuffer: 64 << 20,
    env: { ...environment(), ...env },
  };
  try {
    return await execute(command, args, options);
  } catch (error) {
    // The compiler and npm say on stdout what is wrong.
    const { message, stdout } = error as { readonly message: string; readonly stdout: string };
    throw new Error(`${message}\n${stdout}`, { cause: error });
  }
}

function start(file: string, env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, [file], {
    cwd: project,
    env: { ...environment(), ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** A user's project is not run by our test runner. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:VITEST|NODE_ENV|NODE_OPTIONS)/.test(name)),
  );

function says(child: ChildProcess, words: RegExp): Promise<RegExpExecArray> {
  let said = '';
  return new Promise((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const match = words.exec(said);
      if (match) resolve(match);
    });
    child.once('exit', (code) =>
      reject(
        new Error(`Expected it to say ${String(words)}; it ended with ${code} after: ${said}`),
      ),
    );
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function post(url: string, body: object): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  });
  return response.json();
}

/** Files relative to `dist`, and packages. */
async function reachable(
  file: string,
  dist: string,
  found = new Set<string>(),
): Promise<ReadonlySet<string>> {
  const name = relative(dist, file);
  if (found.has(name)) return found;
  found.add(name);
  for (const source of await importsOf(file)) {
    if (source.startsWith('.')) await reachable(resolve(dirname(file), source), dist, found);
    else found.add(source);
  }
  return found;
}
