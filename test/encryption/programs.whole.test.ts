import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import protos from '@temporalio/proto';
import { beforeEach, expect, inject, onTestFinished, test } from 'vitest';
import { ask, finished, messages, Program, trigger } from '../local/support/program.ts';

let folder: string;
let env: Record<string, string>;
let withKeys: Record<string, string>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waymark-keys-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'keys.json');
  await writeFile(
    file,
    JSON.stringify({ keys: [{ id: 'k1', key: randomBytes(32).toString('base64') }] }),
  );
  env = { WAYMARK_STATE_DIR: join(folder, 'state'), WAYMARK_DATA_DIR: join(folder, 'data') };
  withKeys = { ...env, WAYMARK_ENCRYPTION_KEYS_FILE: file };
});

/** In no name, tag or reason: nothing that stays in clear. */
const SECRET = 'nobody-shall-read-this';
const SUCCEEDED = { taskStatus: 'success', output: { message: 'Task successfully finished.' } };

/** What Temporal has of a run's history, as bytes. */
async function historyOf(id: string): Promise<Buffer> {
  const connection = await Connection.connect({ address: inject('temporal').address });
  try {
    const handle = new Client({ connection }).workflow.getHandle(id);
    const { History } = protos.temporal.api.history.v1;
    return Buffer.from(History.encode(await handle.fetchHistory()).finish());
  } finally {
    await connection.close();
  }
}

test('a worker without the keys leaves runs alone, which say why, and one with them goes on', async () => {
  const apart = {
    TEMPORAL_ADDRESS: inject('temporal').address,
    WAYMARK_TASK_QUEUE: randomUUID(),
  };
  const gateway = await Program.start('src/api/server.ts', { ...withKeys, ...apart });
  const blind = await Program.start('src/worker.ts', { ...env, ...apart });
  const url = await gateway.said(/GraphQL at (http:\S+)"/);
  await blind.said(/Polling task queue/);
  const id = await trigger(url, 'testingRun', { marker: SECRET });
  const diagnosed = async (): Promise<any> =>
    (
      await ask<any>(
        url,
        `query ($id: ID!) { taskRun(id: $id) { status diagnosis { code message } } }`,
        { id },
      )
    ).taskRun;
  let run = await diagnosed();
  for (const deadline = Date.now() + 60_000; run.diagnosis?.code !== 'WORKFLOW_CODE_FAILING';) {
    expect(Date.now()).toBeLessThan(deadline);
    await sleep(200);
    run = await diagnosed();
  }
  expect(run.diagnosis.message).toContain('binary/encrypted');
  expect(blind.output).not.toContain(SECRET);

  blind.signal('SIGTERM');
  expect(await blind.exited()).toBe(0);
  const worker = await Program.start('src/worker.ts', { ...withKeys, ...apart });
  await worker.said(/Polling task queue/);
  expect(await finished(url, id)).toEqual(SUCCEEDED);
  expect((await messages(url, id)).join('\n')).toContain('Received an input');
  const bytes = await historyOf(id);
  const plain = [SECRET, 'marker', 'Received an input', 'Started'];
  expect(plain.filter((text) => bytes.includes(text))).toEqual([]);
  expect(bytes.includes('binary/encrypted')).toBe(true);
  for (const program of [gateway, worker]) program.signal('SIGTERM');
  expect([await gateway.exited(), await worker.exited()]).toEqual([0, 0]);
  for (const { output } of [gateway, worker]) expect(output).not.toContain(SECRET);
});

test('one command with keys writes nothing in clear, and tells Web UI who decrypts', async () => {
  const program = await Program.start('src/local/start.ts', withKeys);
  const url = await program.said(/GraphQL +(http:\S+)/);
  const ui = await program.said(/Temporal Web UI +(http:\S+)/);
  const id = await trigger(url, 'testingRun', { marker: SECRET });
  expect(await finished(url, id)).toEqual(SUCCEEDED);
  const settings = (await (await fetch(`${ui}/api/v1/settings`)).json()) as any;
  const endpoint = new URL(settings.Codec.Endpoint);
  expect(endpoint.href).toBe(new URL('/codec', url).href);
  // As the page asks it.
  const answer = await fetch(`${endpoint.href}/decode`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: ui },
    body: JSON.stringify({ payloads: [] }),
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('access-control-allow-origin')).toBe(ui);
  program.signalGroup('SIGINT');
  expect(await program.exited()).toBe(0);
  const state = join(folder, 'state');
  const names = await readdir(state);
  expect(names).toContain('temporal.db');
  for (const name of names) {
    const bytes = await readFile(join(state, name));
    expect({ name, found: bytes.includes(SECRET) }).toEqual({ name, found: false });
  }
});
