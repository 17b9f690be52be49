import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import protos from '@temporalio/proto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { encryption } from '../../src/encryption/encryption.ts';
import type { Encryption } from '../../src/encryption/encryption.ts';
import { LIMITS } from '../../src/contract/limits.ts';
import type { TaskRun } from '../../src/contract/task-run.ts';
import { TaskService } from '../../src/service/task-service.ts';
import * as tasks from '../support/tasks/workflows.ts';
import { eventually, startWorker } from '../support/whole.ts';
import type { WholeTest } from '../support/whole.ts';

const key = (id: string, tenant?: string) => ({
  id,
  key: Buffer.alloc(32, id),
  ...(tenant !== undefined && { tenant }),
});
const tenant = `acme-${randomUUID().slice(0, 8)}`;
const KEYS = [key('k2'), key('k1'), key('t1', tenant)];

let whole: WholeTest;
let connection: Connection;
/** What each service answers that has other keys. */
const services: TaskService<typeof tasks>[] = [];
let service: TaskService<typeof tasks>;

function serviceWith(dataConverter?: Encryption): TaskService<typeof tasks> {
  const client = new Client({ connection, ...(dataConverter && { dataConverter }) });
  const made = new TaskService<typeof tasks>({ client, tasks, taskQueue: whole.taskQueue });
  services.push(made);
  return made;
}

beforeAll(async () => {
  // From a bundle made ahead of time, by somebody who knew of no keys.
  whole = await startWorker({ dataConverter: encryption({ keys: KEYS }) });
  connection = await Connection.connect({ address: inject('temporal').address });
  service = serviceWith(encryption({ keys: KEYS }));
});
afterAll(async () => {
  for (const one of services) await one.close();
  await connection.close();
  await whole.stop();
});

const closed = (id: string, of = service): Promise<TaskRun> =>
  eventually(async () => {
    const run = await of.get(id);
    expect(run.finishedAt).not.toBeNull();
    return run;
  });
const messages = async (id: string, of = service): Promise<readonly string[]> =>
  (await of.logs(id)).lines.map(({ message }) => message);

const isMissing = (line: string): boolean => line.startsWith('Lines are missing here');

const found = (bytes: Buffer, texts: readonly string[]): readonly string[] =>
  texts.filter((text) => bytes.includes(text));

/** All that Temporal stores of a run, as bytes: its history, and what describes it. */
async function stored(id: string): Promise<Buffer> {
  const handle = whole.client.workflow.getHandle(id);
  const { History } = protos.temporal.api.history.v1;
  const raw = await connection.workflowService.describeWorkflowExecution({
    namespace: 'default',
    execution: { workflowId: id },
  });
  const { DescribeWorkflowExecutionResponse } = protos.temporal.api.workflowservice.v1;
  return Buffer.concat([
    History.encode(await handle.fetchHistory()).finish(),
    DescribeWorkflowExecutionResponse.encode(raw).finish(),
  ]);
}

describe('nothing of what a run carries is stored in clear', () => {
  test('input, output, lines, progress and checkpoints', async () => {
    const run = await service.trigger({ definition: 'walkSteps', input: { steps: 3, ms: 1 } });
    await closed(run.id);
    const bytes = await stored(run.id);
    expect(found(bytes, ['"steps"', '"done"', 'step 1', 'step 3', 'Started', 'segs'])).toEqual([]);
    // What is told to stay in clear: the definition, its title as the run's name.
    const clear = ['walkSteps', 'Walk steps', 'binary/encrypted'];
    expect(found(bytes, clear)).toEqual(clear);
    expect(await service.input(run)).toMatchObject({ steps: 3 });
    expect(await service.outcome(await service.get(run.id))).toMatchObject({ output: { done: 3 } });
    expect(await messages(run.id)).toEqual(
      expect.arrayContaining(['Started', 'step 1', 'step 2', 'step 3']),
    );
  });

  test('while it runs: heartbeats', async () => {
    const run = await service.trigger({ definition: 'walkSteps', input: { steps: 500, ms: 50 } });
    await eventually(async () => expect(await messages(run.id)).toContain('step 5'));
    const bytes = await stored(run.id);
    expect(bytes.includes('binary/encrypted')).toBe(true);
    // Not `step`: the words of the run's name are in clear.
    expect(found(bytes, ['segs', 'step 1', '"done"'])).toEqual([]);
    const { progress, steps } = await service.get(run.id);
    expect(steps[0]?.progress?.done).toBeGreaterThan(0);
    expect(progress?.message).toMatch(/^step /);
    await service.abort({ id: run.id, reason: 'enough' });
    await closed(run.id);
    expect(await service.outcome(await service.get(run.id))).toMatchObject({
      abort: { mode: 'GRACEFUL', reason: 'enough' },
    });
    expect((await stored(run.id)).includes('GRACEFUL')).toBe(false);
  });

  test('what errors say, of activities and of workflow code', async () => {
    const failing = await service.trigger({ definition: 'walkThen', input: { next: 'fail' } });
    const wrong = await service.trigger({ definition: 'endlessChain', input: {} });
    for (const { id } of [failing, wrong]) await closed(id);
    const [one, other] = await Promise.all(
      [failing, wrong].map(async ({ id }) => (await service.outcome(await service.get(id))).error),
    );
    expect(one).toMatchObject({
      code: 'NO_WAY',
      message: 'the end of the way',
      step: 'walkThenFail',
    });
    expect(other?.message).toMatch(/iterations/);
    expect((await stored(failing.id)).includes('the end of the way')).toBe(false);
    const bytes = await stored(wrong.id);
    expect(bytes.includes(other?.message?.slice(0, 20) ?? '?')).toBe(false);
    expect(bytes.includes('define-task')).toBe(false);
  });

  test('children, and iterations', async () => {
    const chain = await service.trigger({ definition: 'chainTask', input: { iterations: 3 } });
    const parent = await service.trigger({
      definition: 'parentTask',
      input: { children: 2 },
      name: 'Parents',
    });
    await closed(chain.id);
    await closed(parent.id);
    expect((await service.get(chain.id)).iteration).toBe(3);
    const lines = await messages(chain.id);
    expect(lines.filter((line) => line.startsWith('line '))).toHaveLength(6);
    const { runs } = await eventually(async () => {
      const page = await service.list({ filter: { parent: [parent.id] } });
      expect(page.runs).toHaveLength(2);
      return page;
    });
    for (const child of runs) {
      expect(await service.input(child)).toMatchObject({ steps: 2 });
      expect((await stored(child.id)).includes('step 1')).toBe(false);
    }
    expect((await service.timeline(parent.id)).entries.length).toBeGreaterThan(2);
    const again = await service.rerun({ id: parent.id });
    await closed(again.id);
    expect(await service.input(again)).toMatchObject({ children: 2 });
  });

  test('of a run that goes on from another one, and goes on from its last checkpoint all the same', async () => {
    const secret = randomUUID();
    const input = { secret, steps: 6, failAt: 4 };
    const run = await service.trigger({ definition: 'keepPlace', input });
    await closed(run.id);
    expect((await service.checkpoint(await service.get(run.id)))?.calls).toMatchObject([
      { name: 'keepOne', how: 'RESULT' },
      { name: 'walkWith', how: 'CHECKPOINT', state: { secret, done: 3 } },
    ]);
    const again = await service.resume({ id: run.id, input: { secret, steps: 6, failAt: 0 } });
    await closed(again.id);
    expect((await service.outcome(await service.get(again.id))).output).toEqual({ from: 3 });
    for (const { id } of [run, again]) expect((await stored(id)).includes(secret)).toBe(false);
  });

  test('a key, neither in the id nor beside it', async () => {
    const asked = { definition: 'takeNap', input: { ms: 1 }, key: 'ann@example.com' } as const;
    const run = await service.trigger(asked);
    expect(run.id).toMatch(/^[\da-f]{40}$/);
    expect((await service.trigger(asked)).id).toBe(run.id);
    await expect(service.trigger({ ...asked, input: { ms: 2 } })).rejects.toMatchObject({
      code: 'KEY_CONFLICT',
    });
    expect((await stored(run.id)).includes('example')).toBe(false);
    await closed(run.id);
    await service.delete(run.id);
  });
});

test('a viewer follows an encrypted run to its end, each line once', async () => {
  const run = await service.trigger({ definition: 'sayLines', input: { lines: 300, rate: 300 } });
  const seen: string[] = [];
  let end: string | undefined;
  for await (const event of service.tail(run.id)) {
    if (event.type === 'LINE') seen.push(event.line.message);
    if (event.type === 'END') end = event.status;
  }
  expect(end).toBe('SUCCEEDED');
  expect(seen.filter((line) => line.startsWith('line '))).toHaveLength(300);
  expect(new Set(seen).size).toBe(seen.length);
});

const EMPTY = JSON.stringify({ folder: '' }).length;
const input = (bytes: number) =>
  ({ definition: 'checksumFiles', input: { folder: 'x'.repeat(bytes - EMPTY) } }) as const;

test('the largest input that is taken is taken, and the next one refused', async () => {
  const run = await service.trigger(input(LIMITS.payload));
  await closed(run.id);
  await expect(service.trigger(input(LIMITS.payload + 1))).rejects.toMatchObject({
    code: 'PAYLOAD_TOO_LARGE',
  });
});

test.each(['x'.repeat(200), '写'.repeat(200)])('the longest names fit', async (name) => {
  const run = await service.trigger({ definition: 'takeNap', input: { ms: 1 }, name });
  expect(await closed(run.id)).toMatchObject({ status: 'SUCCEEDED', name });
});

describe('keys', () => {
  test('what a tenant’s run carries is written with its key', async () => {
    const run = await service.as({ name: 'ann', tenant }).trigger({
      definition: 'parentTask',
      input: {},
    });
    await closed(run.id);
    const bytes = await stored(run.id);
    expect(bytes.includes('encryption-key-id\u0012\u0002t1')).toBe(true);
    expect(bytes.includes('encryption-key-id\u0012\u0002k2')).toBe(false);
  });

  test('after a rotation old runs are read with the old key, and clear ones as they are', async () => {
    const before = serviceWith(encryption({ keys: [key('k1'), key('k2'), key('t1', tenant)] }));
    const old = await before.trigger({ definition: 'walkSteps', input: { steps: 1, ms: 1 } });
    const clear = await serviceWith().trigger({
      definition: 'walkSteps',
      input: { steps: 2, ms: 1 },
    });
    for (const run of [old, clear]) {
      await closed(run.id);
      expect(await service.input(run)).toMatchObject({ ms: 1 });
      expect(await messages(run.id)).toContain('step 1');
    }
    expect((await stored(old.id)).includes('encryption-key-id\u0012\u0002k1')).toBe(true);
  });

  test('without its key a run is listed, and says that it cannot be read', async () => {
    const tag = randomUUID();
    const run = await service.trigger({
      definition: 'walkThen',
      input: { next: 'fail', steps: 2 },
      tags: [tag],
    });
    await closed(run.id);
    for (const blind of [serviceWith(encryption({ keys: [key('other')] })), serviceWith()]) {
      const row = await eventually(async () => {
        const { runs } = await blind.list({ filter: { tagsAny: [tag] } });
        expect(runs).toHaveLength(1);
        return runs[0];
      });
      expect(row).toMatchObject({ id: run.id, status: 'FAILED', name: 'Walk, then' });
      await expect(blind.input(row as TaskRun)).rejects.toMatchObject({ code: 'UNREADABLE' });
      const { error } = await blind.outcome(await blind.get(run.id));
      expect(error).toMatchObject({ code: 'NO_WAY' });
      expect(error?.message).toContain('cannot be read here');
      const lines = await messages(run.id, blind);
      expect(lines.filter(isMissing)).toHaveLength(1);
      expect(lines.some((line) => line.includes('step 1'))).toBe(false);
      expect((await blind.timeline(run.id)).entries.length).toBeGreaterThan(0);
      await expect(blind.rerun({ id: run.id })).rejects.toMatchObject({ code: 'UNREADABLE' });
      await expect(blind.resume({ id: run.id })).rejects.toMatchObject({ code: 'UNREADABLE' });
    }
  });

  test('an open run without its key can be followed and aborted', async () => {
    const blind = serviceWith(encryption({ keys: [key('other')] }));
    const run = await service.trigger({ definition: 'walkSteps', input: { steps: 1000, ms: 20 } });
    await eventually(async () => expect(await messages(run.id)).toContain('step 2'));
    expect(await blind.get(run.id)).toMatchObject({ status: 'RUNNING' });
    expect((await messages(run.id, blind)).filter(isMissing)).toHaveLength(1);
    const ends: string[] = [];
    const said: string[] = [];
    const following = (async () => {
      for await (const event of blind.tail(run.id)) {
        if (event.type === 'LINE') said.push(event.line.message);
        if (event.type === 'END') ends.push(event.status);
      }
    })();
    await eventually(async () => expect(said.some(isMissing)).toBe(true));
    await blind.abort({ id: run.id, reason: 'blind' });
    await following;
    expect(ends).toEqual(['ABORTED']);
    // The settled lines are missing where the live ones were: no second word of it.
    expect(said.filter(isMissing)).toHaveLength(1);
    expect((await messages(run.id, blind)).filter(isMissing)).toHaveLength(1);
    expect(await messages(run.id)).toContain('step 2');
  });
});
