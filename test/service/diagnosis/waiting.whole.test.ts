import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterEach, expect, inject, test } from 'vitest';
import { isClosed } from '../../../src/contract/task-run.ts';
import type { DiagnosisCode, TaskRun } from '../../../src/contract/task-run.ts';
import { TaskService } from '../../../src/service/task-service.ts';
import { CallCounter } from '../../support/count-calls.ts';
import * as tasks from '../../support/tasks/workflows.ts';
import { eventually, startWorker } from '../../support/whole.ts';
import type { StartWorkerOptions, WholeTest } from '../../support/whole.ts';

const opened: { readonly close: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const { close } of opened.splice(0).toReversed()) await close();
});

async function open(options: StartWorkerOptions): Promise<WholeTest> {
  const worker = await startWorker(options);
  opened.push({ close: worker.stop });
  return worker;
}
function serviceOf({ client, taskQueue }: Omit<WholeTest, 'stop'>): TaskService<typeof tasks> {
  const service = new TaskService<typeof tasks>({ client, tasks, taskQueue });
  opened.push({ close: () => service.close() });
  return service;
}
const LONG = { definition: 'walkSteps', input: { steps: 100_000, ms: 20 } } as const;

const says = (service: TaskService<typeof tasks>, run: TaskRun, code: DiagnosisCode) =>
  eventually(async () => {
    const diagnosis = await service.diagnose(run);
    expect(diagnosis?.code).toBe(code);
    return diagnosis;
  });

test('a run that waits for a slot of a busy worker says so, and which one is full', async () => {
  const { taskQueue } = await open({ maxConcurrentActivityTaskExecutions: 2 });
  const calls = new CallCounter();
  const connection = await Connection.connect({
    address: inject('temporal').address,
    interceptors: [calls.interceptor],
  });
  opened.push({ close: () => connection.close() });
  const service = serviceOf({ client: new Client({ connection }), taskQueue });
  const moving = await service.trigger(LONG);
  const busy = [moving, await service.trigger(LONG)];
  await eventually(async () => {
    for (const { id } of busy)
      expect((await service.get(id)).steps).toMatchObject([{ state: 'RUNNING' }]);
  });
  const waiting = await service.trigger(LONG);

  await says(service, waiting, 'WAITING_FOR_SLOT');
  await eventually(async () => {
    expect((await service.diagnose(waiting))?.message).toMatch(
      /^The activity walk waits for a free slot: \d+@\S+ has all of its 2 in use, and some 1 tasks wait/,
    );
  });
  expect(await service.workers()).toMatchObject([{ activitySlots: { used: 2, free: 0 } }]);

  // Runs that move cost no look at the queue.
  const { made } = await calls.during(() => service.diagnose(moving));
  expect(made).not.toHaveProperty('DescribeTaskQueue');

  await service.abort({ id: moving.id });
  await eventually(async () => expect(await service.diagnose(waiting)).toBeNull());
  for (const { id } of [...busy, waiting]) await service.terminate({ id });
});

test('versioned workers: with none current, and with the version of a pinned run gone', async () => {
  const taskQueue = `versions-${randomUUID()}`;
  const deploymentName = `shop-${randomUUID()}`;
  const version = (buildId: string): StartWorkerOptions => ({
    taskQueue,
    workerDeploymentOptions: {
      version: { deploymentName, buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'PINNED',
    },
  });
  const first = await startWorker(version('1'));
  const service = serviceOf(await open(version('2')));
  const makeCurrent = (buildId: string) =>
    first.client.workflowService.setWorkerDeploymentCurrentVersion({
      namespace: 'default',
      deploymentName,
      buildId,
      ignoreMissingTaskQueues: true,
    });
  const run = await service.trigger(LONG);
  const stuck = await says(service, run, 'NO_CURRENT_VERSION');
  expect(stuck?.message).toContain(`${deploymentName}.1`);

  await makeCurrent('1');
  await eventually(async () => {
    expect((await service.get(run.id)).steps).toMatchObject([{ state: 'RUNNING' }]);
  });
  await makeCurrent('2');
  expect(await service.diagnose(run)).toBeNull();

  await first.stop();
  const gone = await says(service, run, 'NO_WORKER');
  expect(gone?.message).toContain(`No worker of the version "${deploymentName}.1"`);
  await service.terminate({ id: run.id });
});

test('the second between two iterations is not told as a timer', async () => {
  const service = serviceOf(await open({}));
  const run = await service.trigger({
    definition: 'chainTask',
    input: { iterations: 4, lines: 0 },
  });
  const codes: (string | undefined)[] = [];
  for (;;) {
    codes.push((await service.diagnose(run))?.code);
    if (isClosed((await service.get(run.id)).status)) break;
  }
  expect(codes.length).toBeGreaterThan(10);
  expect(codes).not.toContain('WAITING_FOR_TIMER');
});
