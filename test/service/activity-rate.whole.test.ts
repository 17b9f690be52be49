import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROLES } from '../../src/rights/rights.ts';
import { ActivityRate } from '../../src/service/activity-rate.ts';
import { TaskService } from '../../src/service/task-service.ts';
import * as tasks from '../support/tasks/workflows.ts';
import { connect, startWorker } from '../support/whole.ts';

let whole: Awaited<ReturnType<typeof connect>>;
const closing: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  whole = await connect();
});
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
  await whole.stop();
});

const RATE = 5;

/** When each activity of so many runs of a tenant began, in milliseconds after the first one. */
async function starts(own: ReturnType<TaskService<typeof tasks>['as']>, ids: readonly string[]) {
  const times: number[] = [];
  for (const id of ids) {
    for await (const event of own.tail(id)) if (event.type === 'END') break;
    const { events } = await whole.client.workflow.getHandle(id).fetchHistory();
    for (const event of events ?? []) {
      const at = event.activityTaskStartedEventAttributes && event.eventTime;
      if (at) times.push(Number(at.seconds) * 1000 + Number(at.nanos) / 1e6);
    }
  }
  const [first = 0] = times.toSorted((a, b) => a - b);
  return times.map((at) => at - first);
}

test('Temporal holds each tenant to its rate, over workers, and another one is not held up', async () => {
  const taskQueue = `rate-${randomUUID()}`;
  const rate = new ActivityRate({
    client: whole.client,
    taskQueue,
    log: {
      warn: ({ err }: { err?: unknown }) => {
        throw err;
      },
    },
  });
  closing.push(() => rate.close());
  await rate.set(RATE);
  const service = new TaskService<typeof tasks>({ client: whole.client, tasks, taskQueue });
  closing.push(() => service.close());
  const callerOf = (tenant: string, weight = 1) =>
    service.as({ name: 'ann', tenant, grants: [{ can: ROLES.admin }], share: { weight } });
  const [acme, beta, heavy] = [callerOf('acme'), callerOf('beta'), callerOf('heavy', 3)];
  const trigger = async (own: typeof acme, count: number): Promise<readonly string[]> => {
    const runs = await Promise.all(
      Array.from({ length: count }, () =>
        own.trigger({ definition: 'walkSteps', input: { steps: 1, ms: 1 } }),
      ),
    );
    return runs.map(({ id }) => id);
  };
  const noisy = await trigger(acme, 60);
  const weighty = await trigger(heavy, 60);
  const quiet = await trigger(beta, 5);
  for (const worker of [await startWorker({ taskQueue }), await startWorker({ taskQueue })])
    closing.push(worker.stop);
  const betas = await starts(beta, quiet);
  const seen = (await starts(acme, noisy)).toSorted((a, b) => a - b);
  const heavies = await starts(heavy, weighty);
  expect(Math.max(...heavies)).toBeLessThan(Math.max(...seen) / 2);
  expect(seen).toHaveLength(60);
  expect(betas).toHaveLength(5);
  // Three seconds' worth at once, as the partitions of a queue give it.
  for (const seconds of [1, 2, 4, 8])
    expect(seen.filter((at) => at < seconds * 1000).length).toBeLessThanOrEqual(
      RATE * (seconds + 3),
    );
});

const configOf = async (taskQueue: string) => {
  const { config } = await whole.client.workflowService.describeTaskQueue({
    namespace: 'default',
    taskQueue: { name: taskQueue },
    taskQueueType: 2,
    reportConfig: true,
  });
  return config?.fairnessKeysRateLimitDefault?.rateLimit?.requestsPerSecond ?? null;
};

test('a rate that is taken out of the file is taken away, and one that is not ours stays', async () => {
  const taskQueue = `rate-${randomUUID()}`;
  const rate = new ActivityRate({ client: whole.client, taskQueue, log: { warn: () => {} } });
  closing.push(() => rate.close());
  await rate.set(7);
  expect(await configOf(taskQueue)).toBe(7);
  await rate.set(9);
  expect(await configOf(taskQueue)).toBe(9);
  await rate.set(null);
  expect(await configOf(taskQueue)).toBeNull();
  await whole.client.workflowService.updateTaskQueueConfig({
    namespace: 'default',
    identity: 'an operator',
    taskQueue,
    taskQueueType: 2,
    updateFairnessKeyRateLimitDefault: { rateLimit: { requestsPerSecond: 3 }, reason: 'mine' },
  });
  // As after a restart.
  await new ActivityRate({ client: whole.client, taskQueue, log: { warn: () => {} } }).set(null);
  expect(await configOf(taskQueue)).toBe(3);
});

test('what does not work is told and tried again, and the last one wins', async () => {
  const errors: unknown[] = [];
  const written: unknown[] = [];
  const client = {
    options: { namespace: 'default', identity: 'x' },
    workflowService: {
      updateTaskQueueConfig: async (request: any) => {
        if (errors.length === 0) throw new Error('away');
        written.push(request.updateFairnessKeyRateLimitDefault.rateLimit.requestsPerSecond);
      },
    },
  } as never;
  const rate = new ActivityRate({
    client,
    taskQueue: 'x',
    log: { warn: (fields) => errors.push(fields) },
  });
  const first = rate.set(1);
  await expect.poll(() => errors.length).toBe(1);
  await Promise.all([first, rate.set(2)]);
  expect(written).toEqual([2]);
  await rate.close();
});
