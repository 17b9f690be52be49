import { createServer as createHttpServer } from 'node:http';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { beforeEach, expect, inject, onTestFinished, test } from 'vitest';
import { isRunning, type ProcessId } from '../../src/local/process-start.ts';
import { ask, finished, messages, Program, trigger } from './support/program.ts';

const START = 'src/local/start.ts';
const GRAPHQL = /GraphQL +(http:\S+)/;
let folder: string;
let env: Record<string, string>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waymark-start-'));
  env = { WAYMARK_STATE_DIR: join(folder, 'state'), WAYMARK_DATA_DIR: join(folder, 'data') };
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

async function server(): Promise<ProcessId> {
  const noted = JSON.parse(
    await readFile(join(folder, 'state', 'temporal-server.json'), 'utf8'),
  ) as ProcessId;
  onTestFinished(() => {
    if (isRunning(noted)) process.kill(noted.pid, 'SIGKILL');
  });
  return noted;
}

async function listen(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

test('one command serves, refuses a twin, and leaves nothing behind on Ctrl-C', async () => {
  const program = await Program.start(START, env);
  const url = await program.said(GRAPHQL);
  const temporal = await server();
  expect(await program.said(/Temporal Web UI +(http:\S+)/)).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const settings = '{ backgroundTasks { getSettings { data { retentionDays } } } }';
  expect(await ask(url, settings)).toMatchObject({
    backgroundTasks: { getSettings: { data: { retentionDays: 30 } } },
  });
  const id = await trigger(url, 'testingRun', { some: 'value' });
  expect(await finished(url, id)).toMatchObject({ taskStatus: 'success' });
  // More at once than a shared Temporal would allow: here it is all ours.
  const count = (name: string) =>
    ask(url, `{ taskRunCounts(filter: { definition: { in: ["${name}"] } }) { total } }`);
  const names = Array.from({ length: 40 }, (_, at) => `task${at}`);
  expect(await Promise.all(names.map(count))).toHaveLength(40);

  const twin = await Program.start(START, env);
  expect(await twin.exited()).toBe(1);
  expect(twin.output).toMatch(/Expected .*state to be free, but the process \d+ uses it\./);

  program.signalGroup('SIGINT');
  expect(await program.exited()).toBe(0);
  expect(isRunning(temporal)).toBe(false);
  expect((await readdir(join(folder, 'state'))).toSorted()).toEqual([
    'temporal.db',
    'temporal.db-shm',
    'temporal.db-wal',
    'temporal.log',
  ]);
});

test('a taken port is told at once, and nothing is started', async () => {
  const port = await listen(createHttpServer());
  const program = await Program.start(START, { ...env, TEMPORAL_UI_PORT: String(port) });
  expect(await program.exited()).toBe(1);
  expect(program.output.trim()).toBe(
    `Expected 127.0.0.1:${port} to be free for Temporal Web UI, but something listens there. Stop it, or set TEMPORAL_UI_PORT to another port.`,
  );
  expect(await readdir(join(folder, 'state'))).toEqual([]);
});

test('after kill -9 the next start goes on with the run, and ends when its server dies', async () => {
  const data = join(folder, 'data', 'photos');
  await mkdir(data, { recursive: true });
  await writeFile(join(data, 'a.txt'), 'small');
  // Takes some seconds to read and no room on the disk.
  const large = await open(join(data, 'b.bin'), 'w');
  await large.truncate(2 ** 30);
  await large.close();

  const first = await Program.start(START, env);
  const id = await trigger(await first.said(GRAPHQL), 'checksumFiles', { folder: 'photos' });
  const url = await first.said(GRAPHQL);
  while (!(await messages(url, id)).includes('Hashed a.txt')) await sleep(50);
  const left = await server();
  first.signalGroup('SIGKILL');
  await first.exited();
  expect(isRunning(left)).toBe(true);

  const second = await Program.start(START, env);
  const again = await second.said(GRAPHQL);
  expect(second.output).toContain(`Stopping the Temporal server ${left.pid}`);
  expect(await finished(again, id)).toEqual({
    taskStatus: 'success',
    output: { files: 2, bytes: 5 + 2 ** 30, manifest: expect.any(String) },
  });
  // Nothing of the work before the checkpoint was done again.
  const said = await messages(again, id);
  expect(said.filter((message) => message === 'Hashed a.txt')).toHaveLength(1);

  const { pid } = await server();
  process.kill(pid, 'SIGKILL');
  expect(await second.exited()).toBe(1);
  expect(second.output).toContain('The Temporal server ended: SIGKILL');
});

test('with TEMPORAL_ADDRESS nothing is embedded, and a Temporal that is not there yet is waited for', async () => {
  const [host = '', port = ''] = inject('temporal').address.split(':');
  const gate = createServer((socket) => {
    const onward = connect(Number(port), host);
    socket.on('error', () => onward.destroy());
    onward.on('error', () => socket.destroy());
    socket.pipe(onward).pipe(socket);
  });
  const gatePort = await listen(gate);
  await new Promise((resolve) => void gate.close(resolve));

  const program = await Program.start(START, {
    ...env,
    TEMPORAL_ADDRESS: `127.0.0.1:${gatePort}`,
    WAYMARK_TASK_QUEUE: randomUUID(),
  });
  await program.said(/Temporal is not reachable at 127\.0\.0\.1:\d+: waiting/);
  gate.listen(gatePort, '127.0.0.1');
  const url = await program.said(GRAPHQL);
  const id = await trigger(url, 'testingRun', {});
  expect(await finished(url, id)).toMatchObject({ taskStatus: 'success' });
  program.signal('SIGTERM');
  expect(await program.exited()).toBe(0);
  expect(await readdir(folder)).toEqual(['data']);
});

test('worker and gateway run apart, too', async () => {
  const apart = {
    ...env,
    TEMPORAL_ADDRESS: inject('temporal').address,
    WAYMARK_TASK_QUEUE: randomUUID(),
  };
  const worker = await Program.start('src/worker.ts', apart);
  const gateway = await Program.start('src/api/server.ts', apart);
  const url = await gateway.said(/GraphQL at (http:\S+)"/);
  await worker.said(/Polling task queue/);
  const id = await trigger(url, 'testingRun', {});
  expect(await finished(url, id)).toMatchObject({ taskStatus: 'success' });
  for (const program of [gateway, worker]) program.signal('SIGTERM');
  expect([await gateway.exited(), await worker.exited()]).toEqual([0, 0]);
});

test('a Temporal that never comes does not keep a worker from ending', async () => {
  const worker = await Program.start('src/worker.ts', { ...env, TEMPORAL_ADDRESS: '127.0.0.1:1' });
  await worker.said(/Temporal is not reachable at 127\.0\.0\.1:1: waiting/);
  worker.signal('SIGTERM');
  expect(await worker.exited()).toBe(0);
});

test('a setting that cannot be used is told, with exit code 2', async () => {
  const worker = await Program.start('src/worker.ts', { ...env, PORT: 'http' });
  expect(await worker.exited()).toBe(2);
  expect(worker.output.trim()).toBe('PORT: expected an integer from 0 to 65535, got `http`');
});
