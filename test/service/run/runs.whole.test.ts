import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { DiagnosisCode, TaskRun, TaskRunStatus } from '../../../src/contract/task-run.ts';
import { abortRun } from '../../../src/service/run/abort-run.ts';
import { TaskService } from '../../../src/service/task-service.ts';
import { Temporal } from '../../../src/service/temporal/temporal.ts';
import { CallCounter } from '../../support/count-calls.ts';
import * as tasks from '../../support/tasks/workflows.ts';
import { describeAny } from '../describe-any.ts';
import { eventually, startWorker } from '../../support/whole.ts';
import type { WholeTest } from '../../support/whole.ts';

const calls = new CallCounter();
let whole: WholeTest;
let connection: Connection;
let client: Client;
let service: TaskService<typeof tasks>;
/** For runs that no worker takes. */
let idle: TaskService<typeof tasks>;

beforeAll(async () => {
  whole = await startWorker();
  connection = await Connection.connect({
    address: inject('temporal').address,
    interceptors: [calls.interceptor],
  });
  client = new Client({ connection });
  service = new TaskService<typeof tasks>({ client, tasks, taskQueue: whole.taskQueue });
  idle = new TaskService<typeof tasks>({ client, tasks, taskQueue: `idle-${randomUUID()}` });
});
afterAll(async () => {
  await service.close();
  await idle.close();
  await connection.close();
  await whole.stop();
});

const reached = (id: string, status: TaskRunStatus) =>
  eventually(async () => {
    const run = await service.get(id);
    expect(run.status).toBe(status);
    return run;
  });
const diagnosed = (run: TaskRun, code: DiagnosisCode) =>
  eventually(async () => {
    const diagnosis = await service.diagnose(run);
    expect(diagnosis?.code).toBe(code);
    return diagnosis;
  });
const sleepless = () => service.trigger({ definition: 'takeNap', input: { ms: 60_000 } });

describe('get', () => {
  test('is one call', async () => {
    const { id } = await sleepless();
    const { result, made } = await calls.during(() => service.get(id));
    expect(made).toEqual({ DescribeWorkflowExecution: 1 });
    expect(result).toMatchObject({ id, abortRequested: false, steps: [], progress: null });
    await service.abort({ id });
  });

  test('shows the steps that run now and their progress', async () => {
    const { id } = await service.trigger({
      definition: 'walkSteps',
      input: { steps: 1000, ms: 20 },
    });
    const run = await eventually(async () => {
      const found = await service.get(id);
      expect(found.progress?.done).toBeGreaterThan(0);
      return found;
    });
    expect(run.progress?.total).toBe(1000);
    expect(run.steps).toMatchObject([
      { name: 'walk', attempt: 1, maxAttempts: 10, state: 'RUNNING', lastFailure: null },
    ]);
    await service.abort({ id });
  });

  test.each([
    ['TASK_RUN_NOT_FOUND', 'nope'],
    ['TASK_RUN_NOT_FOUND', 'Namespace nope-1 is not found.'],
    ['TASK_RUN_NOT_FOUND', 'it\'s \\ "odd"'],
    ['INVALID_ARGUMENT', ''],
    ['INVALID_ARGUMENT', 'a\u0000b'],
    ['INVALID_ARGUMENT', 'x'.repeat(256)],
  ])('%s: %j', async (code, id) => {
    await expect(service.get(id)).rejects.toMatchObject({ name: 'TaskError', code });
  });
});

describe('an abort', () => {
  test('of a running run is three calls, and the run says who, why and how', async () => {
    const { id } = await service.trigger({
      definition: 'walkSteps',
      input: { steps: 1000, ms: 20 },
    });
    await eventually(async () => expect((await service.get(id)).steps).toHaveLength(1));
    const { result, made } = await calls.during(() =>
      service.as({ name: 'ada' }).abort({ id, reason: 'No longer: needed' }),
    );
    expect(made).toEqual({
      DescribeWorkflowExecution: 1,
      RequestCancelWorkflowExecution: 1,
      GetWorkflowExecutionHistoryReverse: 1,
    });
    expect(result).toMatchObject({ outcome: 'ABORTING', run: { id, status: 'ABORTING' } });
    const run = await reached(id, 'ABORTED');
    const { abort, progress, output, error } = await service.outcome(run);
    expect(abort).toMatchObject({
      by: 'ada',
      reason: 'No longer: needed',
      mode: 'GRACEFUL',
      graceEndsAt: null,
    });
    expect(abort?.at.getTime()).toBeLessThanOrEqual(run.finishedAt?.getTime() ?? 0);
    expect([output, error]).toEqual([null, null]);
    expect(progress?.done).toBeGreaterThan(0);
  });

  test('keeps its first reason, and says so', async () => {
    const run = await idle.trigger({ definition: 'takeNap', input: { ms: 1 } });
    await idle.as({ name: 'ada' }).abort({ id: run.id, reason: 'first' });
    const { result, made } = await calls.during(() =>
      idle.as({ name: 'bob' }).abort({ id: run.id, reason: 'second' }),
    );
    expect(made).toEqual({ DescribeWorkflowExecution: 1 });
    expect(result).toMatchObject({ outcome: 'ALREADY_ABORTING', run: { status: 'ABORTING' } });
    expect((await idle.outcome(result.run)).abort).toMatchObject({
      by: 'ada',
      reason: 'first',
      mode: null,
    });
  });

  test('asked for twice in the same moment is the one that was recorded', async () => {
    const elsewhere = new TaskService<typeof tasks>({ client, tasks, taskQueue: 'elsewhere' });
    for (let round = 0; round < 10; round++) {
      const { id } = await idle.trigger({ definition: 'takeNap', input: { ms: 1 } });
      const asked = { ada: idle, bob: elsewhere, eve: idle };
      const answers = await Promise.all(
        Object.entries(asked).map(async ([name, by]) => {
          const { outcome, run } = await by.as({ name }).abort({ id, reason: `of ${name}` });
          return { name, outcome, abort: (await by.outcome(run)).abort };
        }),
      );
      const [winner, ...none] = answers.filter(({ outcome }) => outcome === 'ABORTING');
      expect(none).toEqual([]);
      for (const { name, outcome, abort } of answers) {
        expect(abort).toMatchObject({ by: winner?.name, reason: `of ${winner?.name}` });
        if (name !== winner?.name) expect(outcome).toBe('ALREADY_ABORTING');
      }
    }
    await elsewhere.close();
  });

  test('of a run that ends in that moment says how it ended', async () => {
    const { id } = await service.trigger({ definition: 'walkSteps', input: { steps: 1 } });
    // What it looked at was the run as it is no longer.
    const open = { ...(await idle.get(id)), status: 'RUNNING' as const, abortRequested: false };
    await reached(id, 'SUCCEEDED');
    const temporal = new Temporal({ client });
    const describe = describeAny(temporal);
    let looks = 0;
    const result = await abortRun(
      { id },
      {
        temporal,
        actor: 'ada',
        describe: async (...of) => {
          const now = await describe(...of);
          return looks++ === 0 ? { ...now, run: open } : now;
        },
      },
    );
    expect(result).toMatchObject({ outcome: 'ALREADY_FINISHED', run: { status: 'SUCCEEDED' } });
  });

  test('of a run that is over says how it ended', async () => {
    const { id } = await service.trigger({ definition: 'walkSteps', input: { steps: 1 } });
    await reached(id, 'SUCCEEDED');
    expect(await service.abort({ id })).toMatchObject({
      outcome: 'ALREADY_FINISHED',
      run: { id, status: 'SUCCEEDED' },
    });
    expect(await service.terminate({ id })).toMatchObject({
      outcome: 'ALREADY_FINISHED',
      run: { id, status: 'SUCCEEDED' },
    });
  });

  test('gives way to a termination, for which nobody has to be there', async () => {
    const { id } = await idle.trigger({ definition: 'takeNap', input: { ms: 1 } });
    await idle.abort({ id, reason: 'please' });
    const { result, made } = await calls.during(() =>
      idle.as({ name: 'bob' }).terminate({ id, reason: 'now' }),
    );
    expect(made).toEqual({ DescribeWorkflowExecution: 2, TerminateWorkflowExecution: 1 });
    expect(result).toMatchObject({ outcome: 'TERMINATED', run: { status: 'ABORTED' } });
    expect((await idle.outcome(result.run)).abort).toMatchObject({
      by: 'bob',
      reason: 'now',
      mode: 'TERMINATED',
    });
  });

  test('that comes too late is noted on the run that succeeded', async () => {
    const { id } = await service.trigger({ definition: 'sayLines', input: { lines: 1, rate: 2 } });
    // Whichever of the two it is, the run says so.
    const { outcome } = await service.as({ name: 'ada' }).abort({ id, reason: 'race' });
    const run = await eventually(async () => {
      const found = await service.get(id);
      expect(found.finishedAt).not.toBeNull();
      return found;
    });
    const { abort } = await service.outcome(run);
    expect([outcome, run.abortRequested, abort?.by]).toEqual(['ABORTING', true, 'ada']);
    expect(abort?.mode).toMatch(run.status === 'SUCCEEDED' ? /^TOO_LATE$/ : /GRACEFUL|START/);
  });

  test('reaches a run of a definition that is not in the catalogue', async () => {
    const { takeNap, ...others } = tasks;
    const smaller = new TaskService({ client, tasks: others, taskQueue: whole.taskQueue });
    const run = await sleepless();
    expect(await smaller.get(run.id)).toMatchObject({ definition: takeNap.id, name: run.name });
    expect(await smaller.diagnose(run)).toMatchObject({ code: 'UNKNOWN_DEFINITION' });
    expect(await smaller.abort({ id: run.id })).toMatchObject({ outcome: 'ABORTING' });
    await reached(run.id, 'ABORTED');
    await smaller.close();
  });

  test.each([
    ['TASK_RUN_NOT_FOUND', { id: 'nope' }],
    ['INVALID_ARGUMENT', { id: '' }],
    ['INVALID_ARGUMENT', { id: 'nope', reason: 'x'.repeat(1001) }],
    ['INVALID_ARGUMENT', { id: 'nope', grace: -1 }],
  ])('%s: %j', async (code, request) => {
    await expect(service.abort(request)).rejects.toMatchObject({ name: 'TaskError', code });
  });
});

describe('an outcome', () => {
  test('of a success is one call, and then none', async () => {
    const { id } = await service.trigger({ definition: 'walkSteps', input: { steps: 2 } });
    const run = await reached(id, 'SUCCEEDED');
    const { result, made } = await calls.during(() => service.outcome(run));
    expect(made).toEqual({ GetWorkflowExecutionHistoryReverse: 1 });
    expect(result).toEqual({
      output: { done: 2 },
      error: null,
      abort: null,
      progress: { done: 2, total: 2, message: 'step 2' },
    });
    const again = await service.get(id);
    expect((await calls.during(() => service.outcome(again))).made).toEqual({});
  });

  test('of a run that goes on is nothing, and no call', async () => {
    const { id } = await sleepless();
    const run = await reached(id, 'RUNNING');
    const { result, made } = await calls.during(() => service.outcome(run));
    expect([result, made]).toEqual([
      { output: null, error: null, abort: null, progress: null },
      {},
    ]);
    await service.abort({ id });
  });

  test('of a failure names the activity and its last attempt', async () => {
    const { id } = await service.trigger({
      definition: 'failThenSucceed',
      input: { succeedAt: 9, retryMs: 10, maximumAttempts: 3 },
    });
    const { error } = await service.outcome(await reached(id, 'FAILED'));
    expect(error).toEqual({
      code: 'TooEarly',
      message: 'not at attempt 3',
      step: 'failUntil',
      attempt: 3,
    });
  });

  test('of workflow code that throws has no activity', async () => {
    const { id } = await service.trigger({ definition: 'brokenTask', input: {} });
    const { error } = await service.outcome(await reached(id, 'FAILED'));
    expect(error).toMatchObject({ code: 'TypeError', step: null, attempt: null });
  });

  test("of a run whose child failed has the child's code", async () => {
    const { id } = await service.trigger({ definition: 'parentOfFailure', input: {} });
    const { error } = await service.outcome(await reached(id, 'FAILED'));
    expect(error).toMatchObject({ code: 'BadDay' });
    expect(error?.message).toContain('no way');
  });

  test('of a run that Temporal timed out is TIMEOUT, with what it had reported', async () => {
    const id = `timed-${randomUUID()}`;
    await client.workflow.start('walkSteps', {
      workflowId: id,
      taskQueue: whole.taskQueue,
      args: [{ steps: 1000, ms: 20 }],
      workflowRunTimeout: '2 s',
    });
    const run = await reached(id, 'FAILED');
    const { error, progress } = await service.outcome(run);
    expect(error).toMatchObject({ code: 'TIMEOUT', step: null });
    expect(progress?.total).toBe(1000);
  });

  test('survives that its run was copied, for one call more', async () => {
    const { id } = await service.trigger({ definition: 'walkSteps', input: { steps: 1 } });
    const copy: TaskRun = JSON.parse(JSON.stringify(await reached(id, 'SUCCEEDED')));
    expect((await service.outcome(copy)).output).toEqual({ done: 1 });
    expect(await service.input(copy)).toEqual({ steps: 1 });
  });

  test('of an aborted run says how its clean-up went', async () => {
    const { id } = await service.trigger({ definition: 'cleanUpTask', input: {} });
    await eventually(async () => expect((await service.get(id)).status).toBe('RUNNING'));
    await service.as({ name: 'ada' }).abort({ id, reason: 'early' });
    const run = await reached(id, 'ABORTED');
    expect((await service.outcome(run)).abort).toMatchObject({
      by: 'ada',
      cleanUp: { outcome: 'DONE', error: null },
    });
  });
});

describe('a chain', () => {
  test('is one run: its age, its input and its end', async () => {
    const input = { iterations: 3, lines: 1, note: 'x'.repeat(2000) };
    const { id, createdAt } = await service.trigger({ definition: 'chainTask', input, name: 'C' });
    const run = await reached(id, 'SUCCEEDED');
    expect(run).toMatchObject({ iteration: 3, name: 'C', createdAt });
    expect(await service.input(run)).toEqual(input);
    expect((await service.outcome(run)).output).toEqual({ iterations: 3 });
  });

  test('is deleted as one', async () => {
    const { id } = await service.trigger({
      definition: 'chainTask',
      input: { iterations: 2, lines: 1 },
    });
    await reached(id, 'SUCCEEDED');
    const { made } = await calls.during(() => service.delete(id));
    expect(made['DeleteWorkflowExecution']).toBe(2);
    await expect(service.get(id)).rejects.toMatchObject({ code: 'TASK_RUN_NOT_FOUND' });
  });
});

describe('a delete', () => {
  test('of an open run ends it and makes its key free', async () => {
    const request = { definition: 'takeNap', input: { ms: 60_000 }, key: randomUUID() } as const;
    const { id } = await service.trigger(request);
    await service.delete(id);
    await expect(service.get(id)).rejects.toMatchObject({ code: 'TASK_RUN_NOT_FOUND' });
    const again = await eventually(() => service.trigger(request));
    expect(again).toMatchObject({ id, deduplicated: false });
    expect(await service.get(id)).toMatchObject({ createdAt: again.createdAt });
    await service.abort({ id });
  });

  test('of an unknown run says so', async () => {
    await expect(service.delete('nope')).rejects.toMatchObject({ code: 'TASK_RUN_NOT_FOUND' });
  });
});

describe('a diagnosis', () => {
  test('says that no worker is there, and the trigger was accepted', async () => {
    const run = await idle.trigger({ definition: 'walkSteps', input: { steps: 1 } });
    expect(run.status).toBe('PENDING');
    expect(await idle.get(run.id)).toMatchObject({ status: 'PENDING', startedAt: null });
    expect(await idle.diagnose(run)).toMatchObject({ code: 'NO_WORKER' });
    await idle.abort({ id: run.id });
    expect(await idle.diagnose(run)).toMatchObject({
      code: 'NO_WORKER',
      action: expect.stringContaining('terminate'),
    });
  });

  test('knows a delay, a timer, a child, a retry, a grace and code that fails', async () => {
    const delayed = await service.trigger({
      definition: 'takeNap',
      input: { ms: 1 },
      delay: 600,
    });
    await diagnosed(delayed, 'DELAYED');
    const napping = await sleepless();
    await diagnosed(napping, 'WAITING_FOR_TIMER');
    const parent = await service.trigger({
      definition: 'parentTask',
      input: { steps: 1000, ms: 50 },
    });
    const waiting = await diagnosed(parent, 'WAITING_FOR_CHILD');
    expect(waiting?.message).toContain('walkSteps-');
    const failing = await service.trigger({
      definition: 'failThenSucceed',
      input: { succeedAt: 3, retryMs: 60_000 },
    });
    const retrying = await diagnosed(failing, 'RETRYING');
    expect(retrying?.message).toContain('attempt 2 of 10: not at attempt 1');
    const deaf = await service.trigger({ definition: 'deafTask', input: { ms: 3000 } });
    await eventually(async () => expect((await service.get(deaf.id)).steps).toHaveLength(1));
    await service.abort({ id: deaf.id, grace: 2 });
    await eventually(async () => {
      const diagnosis = await service.diagnose(deaf);
      expect(diagnosis).toMatchObject({ code: 'ABORTING' });
      expect(diagnosis?.message).toContain('is abandoned at');
    });
    const stuck = await service.trigger({ definition: 'stuckTask', input: {} });
    const broken = await diagnosed(stuck, 'WORKFLOW_CODE_FAILING');
    expect(broken?.message).toContain('this code never passes');
    // Of the first failure, whatever the attempt.
    await eventually(async () =>
      expect((await service.diagnose(stuck))?.message).toContain('attempt 3'),
    );
    expect((await service.diagnose(stuck))?.since).toEqual(broken?.since);
    await service.terminate({ id: stuck.id });
    for (const { id } of [delayed, napping, parent, failing]) await service.abort({ id });
  });

  test('of a run that is over is none', async () => {
    const run = await service.trigger({ definition: 'walkSteps', input: { steps: 1 } });
    await reached(run.id, 'SUCCEEDED');
    expect(await service.diagnose(run)).toBeNull();
  });
});

test('workers are seen from their start, asked once however many ask', async () => {
  const { result, made } = await calls.during(() =>
    Promise.all(Array.from({ length: 5 }, () => service.workers())),
  );
  expect(made['ListWorkers'] ?? 0).toBeLessThanOrEqual(1);
  for (const workers of result)
    expect(workers).toMatchObject([
      { taskQueue: whole.taskQueue, online: true, status: 'RUNNING', pid: String(process.pid) },
    ]);
  expect(await idle.workers()).toEqual([]);
});

test('settings are the retention of the namespace', async () => {
  const namespace = `settings-${randomUUID()}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  const other = new TaskService({
    client: new Client({ connection, namespace }),
    tasks,
    taskQueue: 'settings',
  });
  expect(await eventually(() => other.settings())).toEqual({ retentionDays: 1 });
  expect(await eventually(() => other.updateSettings({ retentionDays: 30 }))).toEqual({
    retentionDays: 30,
  });
  await eventually(async () => expect(await other.settings()).toEqual({ retentionDays: 30 }));
  for (const retentionDays of [0, 366, 1.5, Number.NaN])
    await expect(other.updateSettings({ retentionDays })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  await other.close();
});
