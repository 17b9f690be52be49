import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { TriggerOptions } from '../../../src/contract/tasks.ts';
import { TaskService } from '../../../src/service/task-service.ts';
import { CallCounter } from '../../support/count-calls.ts';
import * as tasks from '../../support/tasks/workflows.ts';
import { eventually, startWorker } from '../../support/whole.ts';
import type { WholeTest } from '../../support/whole.ts';

const calls = new CallCounter();
let whole: WholeTest;
let connection: Connection;
let service: TaskService<typeof tasks>;

beforeAll(async () => {
  whole = await startWorker();
  connection = await Connection.connect({
    address: inject('temporal').address,
    interceptors: [calls.interceptor],
  });
  const client = new Client({ connection });
  service = new TaskService<typeof tasks>({ client, tasks, taskQueue: whole.taskQueue });
});
afterAll(async () => {
  await service.close();
  await connection.close();
  await whole.stop();
});

const ended = (id: string) =>
  eventually(async () => {
    const run = await service.get(id);
    expect(run.finishedAt).not.toBeNull();
    return run;
  });

test('a trigger is one call, and answers the run as Temporal has it', async () => {
  const { result, made } = await calls.during(() =>
    service.as({ name: 'ada' }).trigger({
      definition: 'walkSteps',
      input: { steps: 2 },
      name: 'Photos',
      tags: ['A', 'b'],
      parent: { id: 'parent-1' },
      priority: 2,
    }),
  );
  expect(made).toEqual({ StartWorkflowExecution: 1 });
  const { deduplicated, status, startedAt, finishedAt, ...told } = result;
  expect([deduplicated, status, startedAt, finishedAt]).toEqual([false, 'PENDING', null, null]);
  // To the millisecond: a list sorts by what Temporal has, a caller by what it was told.
  expect(await service.get(result.id)).toMatchObject(told);
  expect(told).toMatchObject({ name: 'Photos', tags: ['a', 'b'], triggeredBy: 'ada' });
});

test('Temporal Web UI shows the name, who triggered it and as what', async () => {
  const linked = new TaskService<typeof tasks>({
    client: whole.client,
    tasks,
    taskQueue: whole.taskQueue,
    linkTo: (id) => `https://tasks.example/runs/${id}`,
  });
  const { id } = await linked
    .as({ name: 'ada' })
    .trigger({ definition: 'takeNap', input: { ms: 1 }, name: 'Nap *now*' });
  await linked.close();
  const handle = whole.client.workflow.getHandle(id);
  const description = await handle.describe();
  expect(await description.staticSummary()).toBe('Nap *now*');
  const details = await description.staticDetails();
  expect(details).toContain('Triggered by: **ada**');
  expect(details).toContain(`](https://tasks.example/runs/${id})`);
  const { events } = await handle.fetchHistory();
  expect(events?.[0]?.workflowExecutionStartedEventAttributes?.identity).toBe('ada');
});

test('input travels as it was given, whatever its size', async () => {
  const small = await service.trigger({ definition: 'walkSteps', input: { steps: 1 } });
  const large = { steps: 1, ms: 1, note: 'x'.repeat(100_000) };
  const big = await service.trigger({ definition: 'walkSteps', input: large });
  expect(await service.input(small)).toEqual({ steps: 1 });
  const run = await service.get(big.id);
  const { result, made } = await calls.during(() => service.input(run));
  expect(result).toEqual(large);
  expect(made).toEqual({ GetWorkflowExecutionHistory: 1 });
  expect((await calls.during(() => service.input(run))).made).toEqual({});
});

const flipped = (payloads: Payload[]): Payload[] =>
  payloads.map(({ metadata, data = new Uint8Array() }) => ({
    metadata: metadata ?? {},
    data: data?.map((byte) => byte ^ 0xff) ?? null,
  }));

test("the client's codecs hide name and input from Temporal, and show them again", async () => {
  const codec: PayloadCodec = {
    encode: async (payloads) => flipped(payloads),
    decode: async (payloads) => flipped(payloads),
  };
  const secret = new TaskService<typeof tasks>({
    client: new Client({ connection, dataConverter: { payloadCodecs: [codec] } }),
    tasks,
    taskQueue: `idle-${randomUUID()}`,
  });
  const input = { steps: 1, note: 'x'.repeat(2000) };
  const { id } = await secret.trigger({ definition: 'walkSteps', input, name: 'Hidden' });
  const run = await secret.get(id);
  expect(run.name).toBe('Hidden');
  expect(await secret.input(run)).toEqual(input);
  // Without the codec the memo cannot be read, and the run can.
  const unread = await service.get(id);
  expect(unread).toMatchObject({ id, name: 'Walk steps' });
  await expect(service.input(unread)).rejects.toMatchObject({
    code: 'UNREADABLE',
    message: expect.stringContaining(`The input of ${id} cannot be read here`),
  });
  // Other tests list every run, with its input.
  await secret.delete(id);
  await secret.close();
});

describe('a delay', () => {
  test('makes the run wait, by the clock of Temporal', async () => {
    const run = await service.trigger({
      definition: 'takeNap',
      input: { ms: 1 },
      delay: 3600,
    });
    expect(run.scheduledFor?.getTime()).toBe(run.createdAt.getTime() + 3_600_000);
    expect(await service.get(run.id)).toMatchObject({
      status: 'PENDING',
      scheduledFor: run.scheduledFor,
      startedAt: null,
    });
    await service.abort({ id: run.id });
  });

  test('of a time in the past is none', async () => {
    const runAt = new Date(Date.now() - 60_000);
    const { id, scheduledFor } = await service.trigger({
      definition: 'takeNap',
      input: { ms: 1 },
      runAt,
    });
    expect(scheduledFor).toBeNull();
    expect(await ended(id)).toMatchObject({ status: 'SUCCEEDED' });
  });
});

const nap = (options: TriggerOptions) =>
  service.trigger({ definition: 'takeNap', input: { ms: 1 }, ...options });

describe('what cannot be asked for', () => {
  test.each<[string, TriggerOptions]>([
    ['INVALID_ARGUMENT', { name: '' }],
    ['INVALID_ARGUMENT', { name: 'x'.repeat(201) }],
    ['INVALID_ARGUMENT', { name: 'a\u0000b' }],
    ['INVALID_ARGUMENT', { name: '\uD800' }],
    ['INVALID_ARGUMENT', { key: 'x'.repeat(201) }],
    ['INVALID_ARGUMENT', { tags: Array.from({ length: 21 }, (_, i) => `t${i}`) }],
    ['INVALID_ARGUMENT', { tags: ["it's"] }],
    ['INVALID_ARGUMENT', { parent: { id: '' } }],
    ['INVALID_ARGUMENT', { priority: 6 }],
    ['INVALID_DELAY', { delay: -1 }],
    ['INVALID_DELAY', { delay: Number.NaN }],
    ['INVALID_DELAY', { delay: 30_672_000 }],
    ['INVALID_DELAY', { runAt: new Date(Number.NaN) }],
  ])('%s: %j', async (code, options) => {
    const { made } = await calls.during(() =>
      expect(nap(options)).rejects.toMatchObject({ name: 'TaskError', code }),
    );
    expect(made).toEqual({});
  });

  test('a definition that is not there, with the nearest name', async () => {
    const wrong = { definition: 'wrapAbbort', input: {} } as never;
    await expect(service.trigger(wrong)).rejects.toMatchObject({
      code: 'TASK_DEFINITION_NOT_FOUND',
      details: { suggestions: ['wrapAbort'] },
    });
  });

  test.each(['toString', '__proto__', 'default'])('a definition named %s', async (definition) => {
    await expect(service.trigger({ definition, input: {} } as never)).rejects.toMatchObject({
      code: 'TASK_DEFINITION_NOT_FOUND',
    });
  });

  test('input that its schema refuses, with every field', async () => {
    const wrong = { definition: 'walkSteps', input: { steps: 'two', ms: null } } as never;
    await expect(service.trigger(wrong)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      details: { issues: [{ path: ['steps'] }, { path: ['ms'] }] },
    });
  });

  test('input over the size that Temporal takes, before it is sent', async () => {
    const input = { steps: 1, note: 'x'.repeat(2 * 1024 * 1024) };
    const { made } = await calls.during(() =>
      expect(service.trigger({ definition: 'walkSteps', input })).rejects.toMatchObject({
        code: 'PAYLOAD_TOO_LARGE',
      }),
    );
    expect(made).toEqual({});
  });

  test('an actor whose name would break a reason', () => {
    expect(() => service.as({ name: 'ada: root' })).toThrow('colon');
  });
});

describe('a key', () => {
  test('used again gives the same run, for two calls', async () => {
    const request = { definition: 'walkSteps', input: { steps: 2 }, key: randomUUID() } as const;
    const first = await service.trigger(request);
    const { result, made } = await calls.during(() => service.trigger(request));
    expect(made).toEqual({ StartWorkflowExecution: 1, DescribeWorkflowExecution: 1 });
    expect(result).toMatchObject({ id: first.id, deduplicated: true, createdAt: first.createdAt });
    await ended(first.id);
    expect(await service.trigger(request)).toMatchObject({
      id: first.id,
      deduplicated: true,
      status: 'SUCCEEDED',
    });
  });

  test('does not mind in what order the input has its fields', async () => {
    const key = randomUUID();
    await service.trigger({ definition: 'walkSteps', input: { steps: 2, ms: 1 }, key });
    expect(
      await service.trigger({ definition: 'walkSteps', input: { ms: 1, steps: 2 }, key }),
    ).toMatchObject({ deduplicated: true });
  });

  test('with another input or definition is a conflict, also when its run is over', async () => {
    const key = randomUUID();
    const { id } = await service.trigger({ definition: 'takeNap', input: { ms: 1 }, key });
    const conflict = { code: 'KEY_CONFLICT', details: { key, runId: id } };
    const otherInput = { definition: 'takeNap', input: { ms: 2 }, key } as const;
    await expect(service.trigger(otherInput)).rejects.toMatchObject(conflict);
    await ended(id);
    await expect(service.trigger(otherInput)).rejects.toMatchObject(conflict);
    await expect(
      service.trigger({ definition: 'walkSteps', input: { steps: 1 }, key }),
    ).rejects.toMatchObject(conflict);
  });

  test.each([
    ['is long', 20_000],
    ['ends within milliseconds', 0],
  ])('of which 50 are used at once gives one run that %s', async (_, ms) => {
    const request = { definition: 'takeNap', input: { ms }, key: randomUUID() } as const;
    const runs = await Promise.all(Array.from({ length: 50 }, () => service.trigger(request)));
    expect(new Set(runs.map(({ id }) => id)).size).toBe(1);
    expect(runs.filter(({ deduplicated }) => !deduplicated)).toHaveLength(1);
    await service.abort({ id: runs[0]?.id ?? '' });
  });
});

test('a rerun has the input, name and tags of its run, and names it', async () => {
  const input = { steps: 1, note: 'x'.repeat(5000) };
  const first = await service.trigger({ definition: 'walkSteps', input, name: 'N', tags: ['t'] });
  const again = await service.rerun({ id: first.id });
  expect(again).toMatchObject({ rerunOf: first.id, name: 'N', tags: ['t'], deduplicated: false });
  expect(again.id).not.toBe(first.id);
  expect(await service.input(await service.get(again.id))).toEqual(input);
  const other = await service.rerun({ id: first.id, input: { steps: 3 }, name: 'M' });
  expect(other).toMatchObject({ rerunOf: first.id, name: 'M' });
  expect(await service.input(other)).toEqual({ steps: 3 });
  await expect(service.rerun({ id: first.id, input: {} })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  });
  await expect(service.rerun({ id: 'nope' })).rejects.toMatchObject({
    code: 'TASK_RUN_NOT_FOUND',
  });
});
