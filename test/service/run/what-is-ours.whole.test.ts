import { randomUUID } from 'node:crypto';
import { ScheduleClient } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TaskRun } from '../../../src/contract/task-run.ts';
import { TaskService } from '../../../src/service/task-service.ts';
import * as tasks from '../../support/tasks/workflows.ts';
import { eventually, startWorker } from '../../support/whole.ts';
import type { WholeTest } from '../../support/whole.ts';

const NOT_THERE = { name: 'TaskError', code: 'TASK_RUN_NOT_FOUND' };
let whole: WholeTest;
let service: TaskService<typeof tasks>;
let operators: TaskService<typeof tasks>;

beforeAll(async () => {
  whole = await startWorker();
  const options = { client: whole.client, tasks, taskQueue: whole.taskQueue };
  service = new TaskService<typeof tasks>(options);
  operators = new TaskService<typeof tasks>({ ...options, wholeNamespace: true });
});
afterAll(async () => {
  await service.close();
  await operators.close();
  await whole.stop();
});

/** Everything that takes an id. */
const ways: readonly ((id: string) => Promise<unknown>)[] = [
  (id) => service.get(id),
  (id) => service.abort({ id }),
  (id) => service.terminate({ id }),
  (id) => service.delete(id),
  (id) => service.rerun({ id }),
  (id) => service.logs(id),
  (id) => service.tail(id).next(),
  (id) => service.watch(id).next(),
  (id) => service.diagnose(madeUp(id, 'RUNNING')),
  (id) => service.input(madeUp(id, 'RUNNING')),
  (id) => service.outcome(madeUp(id, 'SUCCEEDED')),
];
const madeUp = (id: string, status: TaskRun['status']): TaskRun => ({
  id,
  definition: 'walkSteps',
  name: 'Made up',
  status,
  createdAt: new Date(),
  scheduledFor: null,
  startedAt: null,
  finishedAt: null,
  iteration: 1,
  tags: [],
  triggeredBy: null,
  parent: null,
  rerunOf: null,
  resumeOf: null,
  reuses: null,
});

async function foreign(): Promise<string> {
  const id = `payroll-${randomUUID()}`;
  await whole.client.workflow.start('PayrollOfAnotherTeam', {
    workflowId: id,
    taskQueue: `payroll-${id}`,
  });
  return id;
}
const statusOf = async (id: string): Promise<string> =>
  (await whole.client.workflow.getHandle(id).describe()).status.name;

describe("another team's workflow", () => {
  test('is not there, whatever is asked', async () => {
    const id = await foreign();
    for (const way of ways) await expect(way(id)).rejects.toMatchObject(NOT_THERE);
    expect(await statusOf(id)).toBe('RUNNING');
    await whole.client.workflow.getHandle(id).terminate();
  });

  test('is in no list and no count, and in those of operators', async () => {
    const id = await foreign();
    const filter = { ids: [id] };
    await eventually(async () => expect(await operators.count(filter)).toBe(1));
    expect((await operators.list({ filter })).runs).toMatchObject([{ id }]);
    expect(await service.count(filter)).toBe(0);
    expect((await service.counts(filter)).total).toBe(0);
    expect((await service.list({ filter })).runs).toEqual([]);
    const orderBy = 'OLDEST_FIRST';
    expect((await service.list({ filter, orderBy })).runs).toEqual([]);
    expect(await operators.get(id)).toMatchObject({ definition: 'PayrollOfAnotherTeam' });
    expect(await operators.terminate({ id })).toMatchObject({ outcome: 'TERMINATED' });
    expect(await statusOf(id)).toBe('TERMINATED');
  });
});

test("Temporal's own schedules are not there for anybody", async () => {
  const schedules = new ScheduleClient({ connection: whole.client.connection });
  const name = `nightly-${randomUUID()}`;
  const schedule = await schedules.create({
    scheduleId: name,
    spec: { intervals: [{ every: '1 day' }] },
    action: { type: 'startWorkflow', workflowType: 'walkSteps', taskQueue: whole.taskQueue },
  });
  const id = `temporal-sys-scheduler:${name}`;
  for (const way of ways) await expect(way(id)).rejects.toMatchObject(NOT_THERE);
  await expect(operators.terminate({ id })).rejects.toMatchObject(NOT_THERE);
  await expect(operators.delete(id)).rejects.toMatchObject(NOT_THERE);
  expect((await schedule.describe()).scheduleId).toBe(name);
  await schedule.delete();
});

test('a run that was started around the service is a task run', async () => {
  const id = `by-hand-${randomUUID()}`;
  await whole.client.workflow.start('walkSteps', {
    workflowId: id,
    taskQueue: whole.taskQueue,
    args: [{ steps: 1 }],
  });
  expect(await service.get(id)).toMatchObject({ definition: 'walkSteps' });
  await eventually(async () => {
    const { runs } = await service.list({ filter: { ids: [id] } });
    expect(runs).toMatchObject([{ id, status: 'SUCCEEDED' }]);
  });
});

test('a run that was deleted is not there at once, whatever is asked', async () => {
  const { id } = await service.trigger({ definition: 'walkSteps', input: { steps: 1 } });
  await eventually(async () => expect((await service.get(id)).status).toBe('SUCCEEDED'));
  await service.logs(id);
  await service.delete(id);
  for (const way of ways) await expect(way(id)).rejects.toMatchObject(NOT_THERE);
});
