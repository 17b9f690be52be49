import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TaskService } from '../../../src/service/task-service.ts';
import * as tasks from '../../support/tasks/workflows.ts';
import { connect, eventually, spawnWorker } from '../../support/whole.ts';
import type { SpawnedWorker } from '../../support/whole.ts';

const taskQueue = `lost-${randomUUID()}`;
const workers: SpawnedWorker[] = [];
let whole: Awaited<ReturnType<typeof connect>>;
let service: TaskService<typeof tasks>;

beforeAll(async () => {
  whole = await connect();
  service = new TaskService<typeof tasks>({ client: whole.client, tasks, taskQueue });
});
afterAll(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await service.close();
  await whole.stop();
});

test('a run says that its worker died, within 15 seconds, and goes on with the next one', async () => {
  const doomed = await spawnWorker(taskQueue);
  workers.push(doomed);
  const run = await service.trigger({ definition: 'walkSteps', input: { steps: 5000, ms: 20 } });
  await eventually(async () => {
    expect((await service.get(run.id)).progress?.done).toBeGreaterThan(0);
    // Until it has reported itself, only its polls are known.
    expect((await service.workers())[0]?.startedAt).toBeInstanceOf(Date);
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
  workers.push(await spawnWorker(taskQueue));
  await eventually(async () => {
    const { progress, steps } = await service.get(run.id);
    expect(progress?.done).toBeGreaterThan(before);
    expect(steps[0]?.attempt).toBeGreaterThan(1);
  });
  expect(await service.diagnose(run)).toBeNull();
  await service.abort({ id: run.id });
});
