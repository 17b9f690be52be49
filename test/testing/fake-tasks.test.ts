import { describe, expect, test } from 'vitest';
import { TaskError } from '../../src/contract/task-error.ts';
import { FakeTasks } from '../../src/testing/fake-tasks.ts';
import * as contractTasks from './contract-tasks.ts';
import type { Order } from './orders.ts';
import { testTasks } from './tasks.contract.ts';

describe('FakeTasks is a Tasks', () => {
  testTasks(async () => {
    const fake = new FakeTasks({ tasks: contractTasks });
    return {
      home: fake,
      as: (caller) => fake.as(caller),
      lacks: new Set(),
      begin: async (id) => {
        fake.start(id);
        fake.step(id, { name: 'obey' });
      },
      order: (id, order) => obey(fake, id, order),
      letStop: (id) => fake.stop(id),
      close: async () => {},
    };
  });
});

function obey(fake: FakeTasks, id: string, order: Order): void {
  const step = 'obey';
  if (order.type === 'log') fake.log(id, { message: order.message, step });
  if (order.type === 'progress') fake.progress(id, { done: order.done });
  if (order.type === 'succeed') fake.succeed(id, order.output);
  if (order.type === 'fail')
    fake.fail(id, { code: 'Refused', message: order.message, step, attempt: 1 });
}

const create = (): FakeTasks<typeof contractTasks> => new FakeTasks({ tasks: contractTasks });
const input = { label: 'a' };

test('a run moves only as the test says', async () => {
  const fake = create();
  const { id } = await fake.trigger({ definition: 'obeyOrders', input });
  expect(await fake.get(id)).toMatchObject({ status: 'PENDING', startedAt: null });
  fake.start(id);
  expect(await fake.get(id)).toMatchObject({ status: 'RUNNING', startedAt: expect.any(Date) });
  fake.iterate(id);
  fake.succeed(id, { pages: 1 });
  expect(await fake.get(id)).toMatchObject({ status: 'SUCCEEDED', iteration: 2 });
  expect(() => fake.log(id, { message: 'late' })).toThrow('nothing happens to it any more');
});

test('an aborted run that ends all the same was aborted too late', async () => {
  const fake = create();
  const { id } = await fake.trigger({ definition: 'obeyOrders', input });
  fake.start(id);
  const { run } = await fake.abort({ id });
  fake.succeed(id);
  expect(await fake.outcome(run)).toMatchObject({ abort: { mode: 'TOO_LATE' } });
  expect(await fake.get(id)).toMatchObject({ status: 'SUCCEEDED', abortRequested: true });
});

test('a run that is aborting and then terminated tells of both requests', async () => {
  const fake = create();
  const { id } = await fake.as({ name: 'ann' }).trigger({ definition: 'obeyOrders', input });
  fake.start(id);
  await fake.as({ name: 'ann' }).abort({ id, reason: 'Wrong' });
  const { run } = await fake.as({ name: 'bob' }).terminate({ id, reason: 'Stuck' });
  expect(await fake.outcome(run)).toMatchObject({
    abort: { by: 'bob', reason: 'Stuck', mode: 'TERMINATED' },
  });
  expect((await fake.logs(id)).lines.map(({ message }) => message)).toEqual([
    'Triggered by ann',
    'Abort requested by ann: Wrong',
    'Aborted (TERMINATED) by bob: Stuck',
  ]);
});

test('the grace of an abort counts from when a worker has seen it', async () => {
  const fake = create();
  const { id } = await fake.trigger({ definition: 'obeyOrders', input });
  const { run } = await fake.abort({ id });
  expect((await fake.outcome(run)).abort?.graceEndsAt).toBeNull();
  fake.start(id);
  expect((await fake.outcome(run)).abort?.graceEndsAt).toBeInstanceOf(Date);
});

test('steps show what runs, and explain why it does not', async () => {
  const fake = create();
  const run = await fake.trigger({ definition: 'obeyOrders', input });
  fake.start(run.id);
  expect(await fake.diagnose(run)).toBeNull();
  fake.step(run.id, { name: 'obey', state: 'BACKING_OFF', attempt: 2, lastFailure: 'No paper' });
  expect(await fake.get(run.id)).toMatchObject({
    steps: [{ id: `${run.id}/1/obey`, name: 'obey', attempt: 2 }],
  });
  expect(await fake.diagnose(run)).toMatchObject({ code: 'RETRYING' });
  fake.endStep(run.id, 'obey');
  expect(await fake.diagnose(run)).toBeNull();
  fake.setWorkers([]);
  expect(await fake.diagnose(run)).toMatchObject({ code: 'NO_WORKER' });
});

test('with every worker full, what waits says so', async () => {
  const fake = create();
  const [worker] = await fake.workers();
  if (!worker) throw new Error('Expected a fake to have one worker at first.');
  const full = { used: 100, free: 0 };
  fake.setWorkers([{ ...worker, activitySlots: full, workflowTaskSlots: full }]);
  const run = await fake.trigger({ definition: 'obeyOrders', input });
  expect(await fake.diagnose(run)).toMatchObject({ code: 'WAITING_FOR_SLOT' });
  fake.start(run.id);
  expect(await fake.diagnose(run)).toBeNull();
  fake.step(run.id, { name: 'obey', state: 'SCHEDULED' });
  expect(await fake.diagnose(run)).toMatchObject({
    code: 'WAITING_FOR_SLOT',
    message: 'obey waits for a free slot of a worker.',
  });
});

test('time passes when the test says', async () => {
  const fake = create();
  const run = await fake.trigger({ definition: 'obeyOrders', input, delay: 60 });
  expect(await fake.diagnose(run)).toMatchObject({ code: 'DELAYED' });
  fake.advance(60_000);
  expect(await fake.diagnose(run)).toBeNull();
});

test('a broken fake fails every call until it is mended', async () => {
  const fake = create();
  const down = new TaskError('UNAVAILABLE', 'Temporal cannot be reached.');
  fake.break(down);
  await expect(fake.list()).rejects.toBe(down);
  await expect(fake.watchList().next()).rejects.toBe(down);
  fake.mend();
  expect((await fake.list()).runs).toEqual([]);
  expect(fake.calls).toEqual({ list: 2, watchList: 1 });
});

test('a marker stands for the lines that were dropped', async () => {
  const fake = create();
  const { id } = await fake.trigger({ definition: 'obeyOrders', input });
  fake.log(id, { message: 'one' });
  fake.log(id, { message: '', dropped: 5 });
  fake.succeed(id);
  const { lines, dropped } = await fake.logs(id);
  expect(lines.map(({ n }) => n)).toEqual([1, 1, 6, 4]);
  expect(dropped).toBe(5);
});

test('more than a thousand runs are listed newest first, and sorted in no other order', async () => {
  const fake = create();
  for (let index = 0; index < 1001; index++)
    await fake.trigger({ definition: 'obeyOrders', input });
  expect((await fake.list()).hasNextPage).toBe(true);
  const tooMany = { code: 'TOO_MANY_TO_SORT' };
  await expect(fake.list({ orderBy: 'NAME' })).rejects.toMatchObject(tooMany);
  const where = { signature: 'none', test: () => false };
  const page = await fake.list({ filter: { where } });
  expect(page).toMatchObject({ runs: [], hasNextPage: true, endCursor: expect.any(String) });
  const last = await fake.list({ filter: { where }, after: page.endCursor ?? '' });
  expect(last).toMatchObject({ runs: [], hasNextPage: false });
  await expect(fake.count({ where })).rejects.toMatchObject(tooMany);
});

test('a catalogue under wrong names is refused', () => {
  expect(() => new FakeTasks({ tasks: { other: contractTasks.obeyOrders } })).toThrow(
    'exported under its id',
  );
});
