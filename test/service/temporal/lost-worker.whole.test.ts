import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TaskService } from '../../../src/service/task-service.ts';
import * as tasks from '../../support/tasks/workflows.ts';
import { connect, eventually, spawnWorker } from '../../support/whole.ts';
import type { SpawnedWorker } from '../../support/whole.ts';

const workers: SpawnedWorker[] = [];
const services: TaskService<typeof tasks>[] = [];
let whole: Awaited<ReturnType<typeof connect>>;

beforeAll(async () => {
  whole = await connect();
});
afterAll(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await Promise.all(services.map((service) => service.close()));
  await whole.stop();
});

function openService() {
  const taskQueue = `lost-${randomUUID()}`;
  const service = new TaskService<typeof tasks>({ client: whole.client, tasks, taskQueue });
  services.push(service);
  const start = async () => {
    const worker = await spawnWorker(taskQueue);
    workers.push(worker);
    return worker;
  };
  return { service, start };
}

test('a run says that its worker died, within 15 seconds, and goes on with the next one', async () => {
  const { service, start } = openService();
  const doomed = await start();
  const run = await service.trigger({ definition: 'walkSteps', input: { steps: 5000, ms: 20 } });
  await eventually(async () => {
    expect((await service.get(run.id)).progress?.done).toBeGreaterThan(0);
    // Temporal's own heartbeats have begun.
    expect((await service.workers())[0]?.sdkVersion).not.toBe('');
  });
  expect(await service.diagnose(run)).toBeNull();

  doomed.kill('SIGKILL');
  const died = Date.now();
  await eventually(async () => {
    expect(await service.diagnose(run)).toMatchObject({ code: 'HEARTBEAT_LATE' });
  });
  await eventually(async () => {
    expect(await service.diagnose(run)).toMatchObject({ code: 'NO_WORKER' });
  });
  // Two more for how long an answer is kept, and some for a busy machine.
  expect(Date.now() - died).toBeLessThan(20_000);
  expect(await service.workers()).toMatchObject([{ online: false, status: 'LOST' }]);

  const before = (await service.get(run.id)).progress?.done ?? 0;
  await start();
  await eventually(async () => {
    const { progress, steps } = await service.get(run.id);
    expect(progress?.done).toBeGreaterThan(before);
    expect(steps[0]?.attempt).toBeGreaterThan(1);
  });
  expect(await service.diagnose(run)).toBeNull();
  await service.abort({ id: run.id });
});

test('a worker that dies within its first second is missed within 15 seconds too', async () => {
  const { service, start } = openService();
  const doomed = await start();
  const working = await service.trigger({
    definition: 'walkSteps',
    input: { steps: 5000, ms: 20 },
  });
  await eventually(async () => {
    expect((await service.get(working.id)).steps).toMatchObject([{ state: 'RUNNING' }]);
  });
  doomed.kill('SIGKILL');
  await doomed.ended;
  const died = Date.now();
  const waiting = await service.trigger({ definition: 'takeNap', input: { ms: 10 } });
  await service.abort({ id: working.id });

  await eventually(async () => {
    expect(await service.diagnose(waiting)).toMatchObject({ code: 'NO_WORKER' });
    expect(await service.diagnose(working)).toMatchObject({
      code: 'NO_WORKER',
      action: expect.stringContaining('carry out the abort, or terminate the run'),
    });
  });
  expect(Date.now() - died).toBeLessThan(20_000);
});

test('workers that die one after another, each within seconds, are no worker', async () => {
  const { service, start } = openService();
  const began = Date.now();
  let doomed = await start();
  const run = await service.trigger({ definition: 'takeNap', input: { ms: 3_600_000 } });
  const codes: (string | undefined)[] = [];
  while (Date.now() - began < 40_000) {
    await sleep(1500);
    doomed.kill('SIGKILL');
    doomed = await start();
    if (Date.now() - began > 20_000) codes.push((await service.diagnose(run))?.code);
  }
  expect(codes).not.toHaveLength(0);
  expect(new Set(codes)).toEqual(new Set(['NO_WORKER']));
  expect(await service.workers()).toContainEqual(
    expect.objectContaining({ status: 'STARTING', online: false }),
  );
  expect((await service.diagnose(run))?.message).toContain('die within seconds of their start');

  // This one stays.
  await eventually(
    async () => {
      expect((await service.diagnose(run))?.code).toBe('WAITING_FOR_TIMER');
    },
    { within: 30_000 },
  );
});
