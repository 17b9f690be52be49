import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TaskService } from '../../src/service/task-service.ts';
import { expectNoGapNorRepeat, messagesOf, readToEnd, readUntil } from '../support/run-log.ts';
import * as tasks from '../support/tasks/workflows.ts';
import { connect, spawnWorker } from '../support/whole.ts';
import type { SpawnedWorker } from '../support/whole.ts';

const taskQueue = `test-${randomUUID()}`;
let service: TaskService<typeof tasks>;
let client: Client;
let disconnect: () => Promise<void>;
const workers: SpawnedWorker[] = [];

beforeAll(async () => {
  ({ client, stop: disconnect } = await connect());
  service = new TaskService({ client, tasks, taskQueue });
});
afterAll(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await Promise.all(workers.map(({ ended }) => ended));
  await service.close();
  await disconnect();
});

async function startWorker(queue = taskQueue): Promise<SpawnedWorker> {
  const worker = await spawnWorker(queue);
  workers.push(worker);
  return worker;
}

test('what a reader has seen survives the sudden death of the worker, and so does the rest of the log', async () => {
  const worker = await startWorker();
  const closed = await service.trigger({ definition: 'walkSteps', input: { steps: 3, ms: 0 } });
  const before = await readToEnd(service, closed.id);
  const { id } = await service.trigger({
    definition: 'walkSteps',
    input: { steps: 400, ms: 15 },
  });
  const seen = await readUntil(service, id, 'step 40');
  worker.kill('SIGKILL');
  await worker.ended;

  // No worker: history and descriptions have it all.
  expect(messagesOf((await service.logs(closed.id)).lines)).toEqual(messagesOf(before.lines));
  const page = await service.logs(id, { first: 1000 });
  expect(page).toMatchObject({ hasMore: false, ended: false });
  const shown = messagesOf(page.lines);
  expect(shown).toEqual(expect.arrayContaining([...messagesOf(seen.lines)]));

  const end = readToEnd(service, id, { after: page.cursor });
  await startWorker();
  const rest = await end;
  const lines = [...page.lines, ...rest.lines];
  expectNoGapNorRepeat(lines);
  expect(rest.end).toMatchObject({ status: 'SUCCEEDED', dropped: 0 });
  // The heartbeat timed out, and the second attempt went on after the last checkpoint that was beaten.
  expect(new Set(lines.map(({ attempt }) => attempt))).toEqual(new Set([null, 1, 2]));
  const again = await readToEnd(service, id);
  expectNoGapNorRepeat(again.lines);
  expect(messagesOf(again.lines).toSorted()).toEqual(messagesOf(lines).toSorted());
});

test('a run whose worker was killed goes on at one that stands by, within 6 s of the last heartbeat', async () => {
  const queue = `test-${randomUUID()}`;
  const own = new TaskService({ client, tasks, taskQueue: queue });
  const worker = await startWorker(queue);
  const { id } = await own.trigger({
    definition: 'walkSteps',
    input: { steps: 400, ms: 15 },
  });
  await readUntil(own, id, 'step 10');
  await startWorker(queue);
  worker.kill('SIGKILL');
  await readToEnd(own, id);
  await own.close();
  const { events } = await client.workflow.getHandle(id).fetchHistory();
  const [scheduled] = events?.flatMap((e) => e.activityTaskScheduledEventAttributes ?? []) ?? [];
  const [started] = events?.flatMap((e) => e.activityTaskStartedEventAttributes ?? []) ?? [];
  expect(started?.attempt).toBe(2);
  // Temporal's clock decides the rest, however slow this machine is.
  const silence = tsToMs(scheduled?.heartbeatTimeout);
  expect(silence + tsToMs(scheduled?.retryPolicy?.initialInterval)).toBeLessThanOrEqual(5500);
  // A keep-alive each 2 s: one may be lost.
  expect(silence).toBeGreaterThan(4000);
});

test('a run that no worker has begun has the lines of its life', async () => {
  const unserved = new TaskService({ client, tasks, taskQueue: `test-${randomUUID()}` });
  const ann = unserved.as({ name: 'ann' });
  const { id, scheduledFor } = await ann.trigger({
    definition: 'walkSteps',
    input: { steps: 1 },
    delay: 3600,
  });
  const opening = ['Triggered by ann', `Delayed until ${scheduledFor?.toISOString()}`];
  const page = await unserved.logs(id);
  expect(messagesOf(page.lines)).toEqual(opening);
  expect(page).toMatchObject({ hasMore: false, ended: false });

  await ann.abort({ id, reason: 'not needed' });
  const asked = await unserved.logs(id, { after: page.cursor });
  expect(messagesOf(asked.lines)).toEqual(['Abort requested by ann: not needed']);

  await ann.terminate({ id, reason: 'at once' });
  const { lines, end } = await readToEnd(unserved, id, { after: asked.cursor });
  expect(messagesOf(lines)).toEqual(['Aborted (TERMINATED) by ann: at once']);
  expect(end.status).toBe('ABORTED');
  const all = await readToEnd(unserved, id);
  expect(all.lines.map(({ source, n }) => `${source} ${n}`)).toEqual([
    'run 1',
    'run 2',
    'run 3',
    'run 4',
  ]);
  await unserved.close();
});
