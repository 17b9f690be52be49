// The page «Writing tasks» is a project: its blocks, each under the file that it names, are compiled and run.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { TaskModule } from '../../src/contract/task-definition.ts';
import type { TestServer, TestService } from '../../src/exports/testing.ts';
import { startTestServer } from '../../src/exports/testing.ts';
import { Program } from '../local/support/program.ts';
import { eventually } from '../support/whole.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const project = join(ROOT, `.waymark/test/tasks-${randomUUID()}`);
const page = await readFile(join(ROOT, 'docs/tasks.md'), 'utf8');
const files = new Map<string, string>();
for (const [, name = '', text = ''] of page.matchAll(/```ts\n\/\/ ([\w.]+)\n(.*?)```/gs))
  files.set(name, `${files.get(name) ?? ''}${text}\n`);

let server: TestServer;
let served: TestService<TaskModule>;

beforeAll(async () => {
  await mkdir(project, { recursive: true });
  for (const [name, text] of files) await writeFile(join(project, name), inPlace(text));
  const config = { extends: '../../../tsconfig.json', include: ['.'] };
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(config));
  server = await startTestServer({ address: inject('temporal').address });
  const load = (name: string) => import(pathToFileURL(join(project, name)).href);
  served = await server.serve({
    tasks: (await load('tasks.ts')) as TaskModule,
    workflowsPath: pathToFileURL(join(project, 'tasks.ts')),
    activities: (await load('activities.ts')) as object,
  });
});
afterAll(async () => {
  await server.close();
  await rm(project, { recursive: true });
});

/** As it stands in this repository: the doors are its files, and imports name them. */
const inPlace = (text: string): string =>
  text
    .replaceAll(/'waymark\/(\w+)'/g, `'../../../src/exports/$1.ts'`)
    .replaceAll(/'(\.\/\w+)\.js'/g, `'$1.ts'`);

/** Runs a definition of the page to its end. */
async function run(definition: string, input: object) {
  const { id } = await served.service.trigger({ definition, input });
  return ended(id);
}
async function ended(id: string) {
  const lines: string[] = [];
  for await (const event of served.service.tail(id))
    if (event.type === 'LINE') lines.push(event.line.message);
  const { status, abort, error, output } = await readRun(id);
  return { status, abort, error, output, lines };
}
async function readRun(id: string) {
  const details = await served.service.get(id);
  const { output, error, abort } = await served.service.outcome(details);
  return { ...details, output, error, abort };
}

test('the page compiles', async () => {
  expect([...files.keys()].toSorted()).toEqual([
    'activities.ts',
    'local.ts',
    'tasks.test.ts',
    'tasks.ts',
    'whole.test.ts',
  ]);
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const said = await promisify(execFile)(tsc, ['-p', project]).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  );
  expect(said).toBe('');
});

test('a definition and its activity', async () => {
  const { status, output, lines } = await run('copyTable', { rows: 3 });
  expect({ status, output }).toEqual({ status: 'SUCCEEDED', output: { copied: 3 } });
  expect(lines).toEqual(expect.arrayContaining(['Copied row 1', 'Copied row 2', 'Copied row 3']));
});

test('retries', async () => {
  expect(await run('charge', { amount: 10 })).toMatchObject({
    status: 'SUCCEEDED',
    output: { attempts: 3 },
  });
  expect(await run('charge', { amount: 0 })).toMatchObject({
    status: 'FAILED',
    error: { code: 'NO_AMOUNT', message: 'Expected an amount, got 0', attempt: 1 },
  });
});

test('timers', async () => {
  expect(await run('remind', { after: 'soon' })).toMatchObject({ output: { reminded: true } });
  const { id } = await served.service.trigger({ definition: 'remind', input: { after: 'ages' } });
  await eventually(async () => expect((await served.service.get(id)).status).toBe('RUNNING'));
  await served.service.abort({ id });
  expect(await ended(id)).toMatchObject({ status: 'ABORTED', abort: { mode: 'GRACEFUL' } });
});

test('time-outs', async () => {
  expect(await run('impatient', {})).toMatchObject({
    status: 'FAILED',
    error: { code: 'TIMEOUT' },
  });
});

test('iterations', async () => {
  const { output, lines } = await run('copyForever', {});
  expect(output).toEqual({ pages: 3, iteration: 3 });
  expect(lines).toEqual(expect.arrayContaining(['Copied page 1', 'Copied page 3']));
});

test('children', async () => {
  const { output } = await run('copyAll', { tables: [1, 2] });
  expect(output).toEqual({ copied: 3, reminder: expect.any(String) });
  const { reminder } = output as { reminder: string };
  expect(await ended(reminder)).toMatchObject({ status: 'SUCCEEDED' });
});

test('cleaning up after an abort', async () => {
  const { service } = served;
  const { id } = await service.trigger({ definition: 'copySlowly', input: { rows: 10_000 } });
  await eventually(async () => expect((await service.get(id)).progress?.done).toBeGreaterThan(0));
  await service.as({ name: 'ada' }).abort({ id, reason: 'enough' });
  const { status, abort, lines } = await ended(id);
  expect({ status, abort }).toMatchObject({
    status: 'ABORTED',
    abort: { by: 'ada', reason: 'enough', mode: 'GRACEFUL', cleanUp: { outcome: 'DONE' } },
  });
  expect(lines).toContain('Removed the copies: ada said enough (GRACEFUL)');
});

test('testing', async () => {
  const { lines, run } = await import(pathToFileURL(join(project, 'tasks.test.ts')).href);
  expect(lines).toEqual(['Copied row 3']);
  expect(run).toMatchObject({ status: 'SUCCEEDED' });
});

test('a whole test, on a Temporal of its own', async () => {
  const program = await Program.start(join(project, 'whole.test.ts').slice(ROOT.length), {});
  expect(await program.exited()).toBe(0);
  expect(program.output).toContain('Copied row 3');
});

test('on your machine', async () => {
  const program = await Program.start(join(project, 'local.ts').slice(ROOT.length), {
    WAYMARK_STATE_DIR: join(project, 'state'),
    WAYMARK_DATA_DIR: join(project, 'data'),
  });
  const address = await program.said(/The page: (\S+)/);
  expect((await fetch(address)).status).toBe(200);
  program.signalGroup('SIGINT');
  expect(await program.exited()).toBe(0);
});
