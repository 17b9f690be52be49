import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Timeline } from '../../../src/contract/timeline.ts';
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
  const { address } = inject('temporal');
  connection = await Connection.connect({ address, interceptors: [calls.interceptor] });
  const { taskQueue } = whole;
  service = new TaskService({ client: new Client({ connection }), tasks, taskQueue });
});
afterAll(async () => {
  await service.close();
  await connection.close();
  await whole.stop();
});

const ended = (id: string): Promise<Timeline> =>
  eventually(async () => {
    expect((await service.get(id)).finishedAt).not.toBeNull();
    return service.timeline(id);
  });

test('attempts that history has lost are told, with failure and worker', async () => {
  const input = { succeedAt: 3, retryMs: 50 };
  const { id } = await service.trigger({ definition: 'failThenSucceed', input });
  const { entries } = await ended(id);
  const attempts = entries.filter(({ kind }) => kind === 'ATTEMPT');
  // As Temporal names it in the run's own events.
  const worker = attempts.at(-1)?.worker;
  expect(worker).toEqual(expect.any(String));
  expect(attempts).toMatchObject([
    { id: '1/1/1', outcome: 'FAILED', failure: { code: 'TooEarly' }, worker },
    { id: '1/1/2', outcome: 'FAILED', failure: { message: 'not at attempt 2' }, worker },
    { id: '1/1/3', outcome: 'SUCCEEDED', failure: null, worker },
  ]);
  const { lines } = await service.logs(id);
  const sources = new Set(lines.map(({ source }) => source).filter((source) => source !== 'run'));
  expect(attempts.map((attempt) => attempt.id)).toEqual([...sources]);
});

test('a chain has its iterations, and a closed one is read once', async () => {
  const input = { iterations: 3, lines: 1 };
  const { id } = await service.trigger({ definition: 'chainTask', input });
  const { entries, hasEarlier } = await ended(id);
  expect(hasEarlier).toBe(false);
  const iterations = entries.filter(({ kind }) => kind === 'ITERATION');
  expect(iterations.map(({ iteration, outcome }) => [iteration, outcome])).toEqual([
    [1, 'DONE'],
    [2, 'DONE'],
    [3, 'DONE'],
  ]);
  expect(entries.filter(({ kind, name }) => kind === 'QUEUED' && name === null)).toHaveLength(1);
  const before = calls.total;
  await service.timeline(id);
  expect(calls.total - before).toBe(1);
});

test('what no worker has taken waits for one', async () => {
  const taskQueue = `idle-${randomUUID()}`;
  const idle = new TaskService({ client: new Client({ connection }), tasks, taskQueue });
  const { id } = await idle.trigger({ definition: 'testingRun', input: {} });
  const { entries, queuedMs } = await idle.timeline(id);
  expect(queuedMs).toBeNull();
  expect(entries.map(({ kind, outcome }) => [kind, outcome])).toEqual([
    ['RUN', null],
    ['QUEUED', null],
  ]);
  await idle.terminate({ id });
  expect((await idle.timeline(id)).entries).toMatchObject([
    { kind: 'RUN', outcome: 'ABORTED' },
    { kind: 'QUEUED', outcome: 'STOPPED' },
    { kind: 'ABORT', mode: 'TERMINATED' },
  ]);
  await idle.close();
});
