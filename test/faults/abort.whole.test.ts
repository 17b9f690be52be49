// Accepted means it ends: one row for each place in which a run can be when its abort comes.
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AbortMode, TaskRunStatus, isClosed } from '../../src/contract/task-run.ts';
import type { Outcome, TaskRunDetails } from '../../src/contract/task-run.ts';
import { TaskService } from '../../src/service/task-service.ts';
import * as tasks from '../support/tasks/workflows.ts';
import { connect, eventually, spawnWorker, startWorker } from '../support/whole.ts';
import type { WholeTest } from '../support/whole.ts';

let worker: WholeTest;
let service: TaskService<typeof tasks>;
/** The same for a queue that nobody polls. */
let unserved: TaskService<typeof tasks>;

beforeAll(async () => {
  worker = await startWorker();
  service = serviceOn(worker.client, worker.taskQueue);
  unserved = serviceOn(worker.client, `nobody-${randomUUID()}`);
});
afterAll(async () => {
  await service.close();
  await unserved.close();
  await worker.stop();
});

const serviceOn = (client: Client, taskQueue: string): TaskService<typeof tasks> =>
  new TaskService({ client, tasks, taskQueue });

/** The actor of every abort here. */
const ada = (): ReturnType<typeof service.as> => service.as({ name: 'ada' });

const reason = 'No longer needed';

async function untilClosed(id: string, within = 30_000): Promise<[TaskRunDetails, Outcome]> {
  const run = await eventually(
    async () => {
      const now = await service.get(id);
      if (!isClosed(now.status))
        throw new Error(`Expected ${id} to be closed, it is ${now.status}`);
      return now;
    },
    { within },
  );
  return [run, await service.outcome(run)];
}

async function untilStep(id: string, state: string, attempt = 1): Promise<void> {
  await eventually(async () => {
    const { steps } = await service.get(id);
    expect(steps.map((step) => [step.state, step.attempt >= attempt])).toContainEqual([
      state,
      true,
    ]);
  });
}

async function untilLine(id: string, text: string): Promise<void> {
  await eventually(async () => {
    const { lines } = await service.logs(id, { first: 1000 });
    expect(lines.map((line) => line.message)).toContain(text);
  });
}

const linesOf = async (id: string): Promise<readonly string[]> =>
  (await service.logs(id, { first: 1000 })).lines.map((line) => line.message);

describe('an abort takes effect', () => {
  test('at the checkpoint of a running activity', async () => {
    const { id } = await service.trigger({
      definition: 'walkSteps',
      input: { steps: 100_000, ms: 10, cleanUpLines: 3 },
    });
    await untilLine(id, 'step 2');
    const before = Date.now();
    const { outcome } = await ada().abort({ id, reason });
    expect(outcome).toBe('ABORTING');
    const [run, { abort, output, error }] = await untilClosed(id);
    expect(run.status).toBe(TaskRunStatus.Aborted);
    expect(run.finishedAt?.getTime()).toBeGreaterThanOrEqual(before - 1000);
    expect(abort).toMatchObject({ by: 'ada', reason, mode: AbortMode.Graceful });
    expect(abort?.at.getTime()).toBeGreaterThanOrEqual(run.createdAt.getTime());
    expect({ output, error }).toEqual({ output: null, error: null });
    expect((await linesOf(id)).filter((line) => line.startsWith('stopping'))).toHaveLength(3);
  });

  test('before the first checkpoint', async () => {
    const { id } = await service.trigger({
      definition: 'walkSteps',
      input: { steps: 10_000, ms: 2000 },
    });
    await untilStep(id, 'RUNNING');
    await ada().abort({ id, reason });
    const [run, { abort }] = await untilClosed(id);
    expect(run.status).toBe(TaskRunStatus.Aborted);
    expect(abort).toMatchObject({ by: 'ada', reason, mode: AbortMode.Graceful });
    expect(await linesOf(id)).not.toContain('step 2');
  });

  test('on a run that sleeps in a workflow timer', async () => {
    const { id } = await service.trigger({ definition: 'takeNap', input: { ms: 3_600_000 } });
    await eventually(async () => {
      expect((await service.get(id)).status).toBe(TaskRunStatus.Running);
    });
    await ada().abort({ id, reason });
    const [run, { abort }] = await untilClosed(id);
    expect(run.status).toBe(TaskRunStatus.Aborted);
    expect(abort?.reason).toBe(reason);
  });

  test('on a run whose activity backs off before a retry', async () => {
    const { id } = await service.trigger({
      definition: 'failThenSucceed',
      input: { succeedAt: 5, retryMs: 3_600_000, lines: 4 },
    });
    await untilStep(id, 'BACKING_OFF', 2);
    await ada().abort({ id, reason });
    const [run, { abort }] = await untilClosed(id);
    expect(run.status).toBe(TaskRunStatus.Aborted);
    expect(abort?.mode).toBe(AbortMode.Graceful);
  });

  test('on a delayed run, at once and without its body', async () => {
    const { id } = await service.trigger({
      definition: 'walkSteps',
      input: { steps: 1 },
      delay: 86_400,
    });
    await ada().abort({ id, reason });
    const [run, { abort }] = await untilClosed(id);
    expect(run.status).toBe(TaskRunStatus.Aborted);
    expect(run.startedAt).toBeNull();
    expect(abort).toMatchObject({ by: 'ada', reason, mode: AbortMode.BeforeStart });
    expect((await linesOf(id)).some((line) => line.startsWith('step'))).toBe(false);
  });

  test('on a run that waits for a worker, when one comes: its body never runs', async () => {
    const queue = `late-${randomUUID()}`;
    const late = serviceOn(worker.client, queue);
    const { id } = await late.trigger({ definition: 'walkSteps', input: { steps: 1 } });
    const { outcome, run } = await late.as({ name: 'ada' }).abort({ id, reason });
    expect([outcome, run.status]).toEqual(['ABORTING', TaskRunStatus.Aborting]);
    const waiting = await late.get(id);
    expect(waiting.status).toBe(TaskRunStatus.Aborting);
    expect(await late.diagnose(waiting)).toMatchObject({ code: 'NO_WORKER' });
    const abortBefore = (await late.outcome(waiting)).abort;
    const { stop } = await startWorker({ taskQueue: queue });
    try {
      const [closed, { abort }] = await untilClosed(id);
      expect(closed.status).toBe(TaskRunStatus.Aborted);
      expect(abort).toMatchObject({ by: 'ada', reason, mode: AbortMode.BeforeStart });
      expect(abort?.at).toEqual(abortBefore?.at);
      expect((await linesOf(id)).some((line) => line.startsWith('step'))).toBe(false);
    } finally {
      await stop();
      await late.close();
    }
  });

  test('on a parent and on the children it waits for, who learn who and why', async () => {
    const { id } = await service.trigger({
      definition: 'parentTask',
      input: { children: 2, steps: 100_000, ms: 10 },
    });
    const children = await eventually(async () => {
      const { runs } = await service.list({ filter: { parent: [id] } });
      expect(runs).toHaveLength(2);
      return runs;
    });
    for (const child of children) await untilStep(child.id, 'RUNNING');
    await ada().abort({ id, reason });
    const [run] = await untilClosed(id);
    expect(run.status).toBe(TaskRunStatus.Aborted);
    for (const child of children) {
      const [closed, { abort }] = await untilClosed(child.id);
      expect(closed.status).toBe(TaskRunStatus.Aborted);
      expect(abort).toMatchObject({ by: 'ada', reason, mode: AbortMode.Graceful });
    }
  });

  test('by force on an activity that ignores the signal, after its grace', async () => {
    const { id } = await service.trigger({ definition: 'deafTask', input: { ms: 5000 } });
    await untilStep(id, 'RUNNING');
    await ada().abort({ id, reason, grace: 1 });
    const [run, { abort }] = await untilClosed(id);
    expect(run.status).toBe(TaskRunStatus.Aborted);
    expect(abort).toMatchObject({ by: 'ada', reason, mode: AbortMode.Forced });
  });

  test('when its worker is killed after the abort was accepted', async () => {
    const queue = `killed-${randomUUID()}`;
    const own = serviceOn(worker.client, queue);
    const first = await spawnWorker(queue);
    const { id } = await own.trigger({
      definition: 'walkSteps',
      input: { steps: 100_000, ms: 20 },
    });
    await untilLine(id, 'step 2');
    await own.as({ name: 'ada' }).abort({ id, reason, grace: 60 });
    first.kill('SIGKILL');
    await first.ended;
    const second = await spawnWorker(queue);
    try {
      const [run, { abort, error }] = await untilClosed(id, 60_000);
      expect(run.status).toBe(TaskRunStatus.Aborted);
      expect(error).toBeNull();
      expect(abort).toMatchObject({ by: 'ada', reason });
    } finally {
      second.kill('SIGKILL');
      await second.ended;
      await own.close();
    }
  });

  test('on a run between two iterations', async () => {
    const runs = await Promise.all(
      Array.from({ length: 6 }, () =>
        service.trigger({
          definition: 'chainTask',
          input: { iterations: 1000, lines: 1, pauseMs: 20 },
        }),
      ),
    );
    for (const [index, { id }] of runs.entries()) {
      await eventually(async () => {
        expect((await service.get(id)).iteration).toBeGreaterThan(1);
      });
      // At another place of the iteration each time.
      await new Promise((resolve) => setTimeout(resolve, index * 40));
      await ada().abort({ id, reason });
      const [run, { abort }] = await untilClosed(id);
      expect(run.status).toBe(TaskRunStatus.Aborted);
      expect(abort).toMatchObject({ by: 'ada', reason });
    }
  });

  test('after the clean-up, whatever becomes of it', async () => {
    const cleanUps = {
      cleanUpTask: { outcome: 'DONE', error: null },
      cleanUpThrows: { outcome: 'FAILED', error: 'TypeError: tidy broke' },
      cleanUpThrowsWord: { outcome: 'FAILED', error: 'Error: DONE' },
      cleanUpThrowsNothing: { outcome: 'FAILED', error: 'a value without words was thrown' },
      cleanUpHangs: { outcome: 'TIMED_OUT', error: null },
    };
    for (const [definition, expected] of Object.entries(cleanUps)) {
      const { id } = await service.trigger({
        definition: definition as keyof typeof cleanUps,
        input: {},
      });
      await eventually(async () => {
        expect((await service.get(id)).status).toBe(TaskRunStatus.Running);
      });
      await ada().abort({ id, reason });
      const [run, { abort }] = await untilClosed(id);
      expect([definition, run.status, abort?.cleanUp]).toEqual([
        definition,
        TaskRunStatus.Aborted,
        expected,
      ]);
    }
  });
});

describe('the answer to an abort is true', () => {
  test('when it races the completion: never FAILED, 100 pairs', async () => {
    const ends = new Map<string, number>();
    for (let batch = 0; batch < 10; batch++)
      await Promise.all(
        Array.from({ length: 10 }, async (_, index) => {
          const { id } = await service.trigger({
            definition: 'walkSteps',
            input: { steps: 1, ms: 5 * index },
          });
          await new Promise((resolve) => setTimeout(resolve, 30 * batch));
          const { outcome } = await ada().abort({ id, reason });
          const [run, { abort, error, output }] = await untilClosed(id);
          expect(error).toBeNull();
          if (outcome === 'ALREADY_FINISHED') expect(run.status).toBe(TaskRunStatus.Succeeded);
          if (run.status === TaskRunStatus.Succeeded) {
            expect(output).toEqual({ done: 1 });
            // Accepted and yet succeeded: noted as too late.
            expect(abort?.mode).toBe(
              outcome === 'ALREADY_FINISHED' || !run.abortRequested ? undefined : AbortMode.TooLate,
            );
          } else {
            expect(run.status).toBe(TaskRunStatus.Aborted);
            expect(abort).toMatchObject({ by: 'ada', reason });
          }
          const end = `${outcome} ${run.status}`;
          ends.set(end, (ends.get(end) ?? 0) + 1);
        }),
      );
    expect([...ends.values()].reduce((sum, count) => sum + count, 0)).toBe(100);
    // Both ends of the race were seen; else this proved nothing.
    expect([...ends.keys()].some((end) => end.endsWith(TaskRunStatus.Succeeded))).toBe(true);
    expect([...ends.keys()].some((end) => end.endsWith(TaskRunStatus.Aborted))).toBe(true);
  });

  test('when it is aborted twice: the first reason stands', async () => {
    const { id } = await service.trigger({ definition: 'deafTask', input: { ms: 5000 } });
    await untilStep(id, 'RUNNING');
    const first = await ada().abort({ id, reason });
    const second = await service.as({ name: 'bob' }).abort({ id, reason: 'me too' });
    expect([first.outcome, second.outcome]).toEqual(['ABORTING', 'ALREADY_ABORTING']);
    const [, { abort }] = await untilClosed(id);
    expect(abort).toMatchObject({ by: 'ada', reason });
    const { events } = await worker.client.workflow.getHandle(id).fetchHistory();
    expect(
      events?.filter((event) => event.workflowExecutionCancelRequestedEventAttributes),
    ).toHaveLength(1);
  });

  test('when it has finished', async () => {
    const { id } = await service.trigger({ definition: 'walkSteps', input: { steps: 1 } });
    await untilClosed(id);
    const { outcome, run } = await ada().abort({ id, reason });
    expect([outcome, run.status]).toEqual(['ALREADY_FINISHED', TaskRunStatus.Succeeded]);
    expect((await service.outcome(run)).abort).toBeNull();
  });

  test('when nobody knows the run', async () => {
    await expect(ada().abort({ id: 'nobody-knows-it' })).rejects.toMatchObject({
      code: 'TASK_RUN_NOT_FOUND',
      message: expect.stringContaining('nobody-knows-it'),
    });
  });
});

describe('workflow code that throws', () => {
  test('fails its run, which no abort can hold up', async () => {
    const { id } = await service.trigger({ definition: 'brokenTask', input: {} });
    const [run, { error }] = await untilClosed(id);
    expect(run.status).toBe(TaskRunStatus.Failed);
    expect(error?.code).toBe('TypeError');
  });

  test('again and again is told, and terminates it in one call', async () => {
    const { id } = await service.trigger({ definition: 'stuckTask', input: {} });
    await eventually(
      async () => {
        expect(await service.diagnose(await service.get(id))).toMatchObject({
          code: 'WORKFLOW_CODE_FAILING',
        });
      },
      { within: 40_000 },
    );
    expect((await ada().abort({ id, reason })).outcome).toBe('ABORTING');
    expect((await ada().terminate({ id, reason })).outcome).toBe('TERMINATED');
    const [run, { abort }] = await untilClosed(id);
    expect(run.status).toBe(TaskRunStatus.Aborted);
    expect(abort).toMatchObject({ by: 'ada', reason, mode: AbortMode.Terminated });
  });
});

test('who, why, when and how are read with no worker, and are in the history of Web UI', async () => {
  const own = await startWorker();
  const mine = serviceOn(own.client, own.taskQueue);
  const { id } = await mine.trigger({ definition: 'takeNap', input: { ms: 3_600_000 } });
  await eventually(async () => {
    expect((await mine.get(id)).status).toBe(TaskRunStatus.Running);
  });
  await mine.as({ name: 'ada' }).abort({ id, reason });
  await untilClosed(id);
  await mine.close();
  await own.stop();
  const { client, stop } = await connect();
  const reader = serviceOn(client, own.taskQueue);
  const run = await reader.get(id);
  const { abort } = await reader.outcome(run);
  expect(abort).toMatchObject({ by: 'ada', reason, mode: AbortMode.Graceful });
  const { events } = await client.workflow.getHandle(id).fetchHistory();
  const request = events?.find((event) => event.workflowExecutionCancelRequestedEventAttributes);
  expect(request?.workflowExecutionCancelRequestedEventAttributes).toMatchObject({
    cause: `ada: ${reason}`,
    identity: 'ada',
  });
  expect(abort?.at.getTime()).toBe(
    Number(request?.eventTime?.seconds) * 1000 + Math.floor((request?.eventTime?.nanos ?? 0) / 1e6),
  );
  await reader.close();
  await stop();
});
