import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { TaskService } from '../../../src/service/task-service.ts';
import { CallCounter } from '../../support/count-calls.ts';
import { lossyProxy } from '../../support/lossy-proxy.ts';
import { expectNoGapNorRepeat, messagesOf, readToEnd, readUntil } from '../../support/run-log.ts';
import * as tasks from '../../support/tasks/workflows.ts';
import { eventually, startWorker } from '../../support/whole.ts';
import type { WholeTest } from '../../support/whole.ts';

const calls = new CallCounter();
let whole: WholeTest;
let connection: Connection;
let service: TaskService<typeof tasks>;

beforeAll(async () => {
  whole = await startWorker();
  connection = await Connection.connect({
    address: inject('temporal').address,
    interceptors: [calls.interceptor],
  });
  service = new TaskService({
    client: new Client({ connection }),
    tasks,
    taskQueue: whole.taskQueue,
  });
});
afterAll(async () => {
  await service.close();
  await connection.close();
  await whole.stop();
});

const total = (made: Readonly<Record<string, number>>): number =>
  Object.values(made).reduce((sum, count) => sum + count, 0);

const expectNoCalls = (): Promise<void> =>
  eventually(async () => {
    const { made } = await calls.during(() => sleep(1000));
    expect(made).toEqual({});
  });

describe('what it costs', () => {
  test('no warning of listeners that pile up, however many iterations are followed', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): number => warnings.push(warning);
    process.on('warning', note);
    const { id } = await service.trigger({
      definition: 'chainTask',
      input: { iterations: 13, lines: 1 },
    });
    await readToEnd(service, id);
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  test('a watched run costs the same few calls with one viewer and with fifty, and none once they have left', async () => {
    const { id } = await service.trigger({
      definition: 'sayLines',
      input: { lines: 10_000, rate: 20 },
    });
    const rateWith = async (viewers: number): Promise<number> => {
      const tails = Array.from({ length: viewers }, () => service.tail(id));
      const following = tails.map(async (tail) => {
        for await (const _ of tail);
      });
      await readUntil(service, id, /^line 1 /);
      const { made } = await calls.during(() => sleep(3000));
      for (const tail of tails) void tail.return?.();
      await Promise.all(following);
      return total(made) / 3;
    };
    expect(await rateWith(1)).toBeLessThan(7);
    expect(await rateWith(50)).toBeLessThan(7);
    await expectNoCalls();
    await service.terminate({ id });
  });

  test('whoever only watches the run asks for no log', async () => {
    const { id } = await service.trigger({ definition: 'walkSteps', input: { steps: 20, ms: 30 } });
    const { made } = await calls.during(async () => {
      for await (const _ of service.watch(id));
    });
    expect(made).not.toHaveProperty('QueryWorkflow');
  });

  test('a page of a log is two calls, and one more time one', async () => {
    const { id } = await service.trigger({ definition: 'walkSteps', input: { steps: 3, ms: 0 } });
    await readToEnd(service, id);
    const other = new TaskService({
      client: new Client({ connection }),
      tasks,
      taskQueue: whole.taskQueue,
    });
    const first = await calls.during(() => other.logs(id));
    const again = await calls.during(() => other.logs(id));
    expect(total(first.made)).toBe(2);
    expect(total(again.made)).toBe(1);
    await other.close();
  });
});

describe('a viewer', () => {
  test('that reads slowly misses nothing and keeps nobody waiting', async () => {
    const { id } = await service.trigger({
      definition: 'sayLines',
      input: { lines: 20_000, bytes: 100, rate: 0 },
    });
    const slow = service.tail(id);
    const lines = [];
    for (let first = 0; first < 3; first++) {
      const { value } = await slow.next();
      if (value?.type === 'LINE') lines.push(value.line);
    }
    const fast = await readToEnd(service, id);
    expect(fast.end.status).toBe('SUCCEEDED');
    for await (const event of slow) if (event.type === 'LINE') lines.push(event.line);
    expectNoGapNorRepeat(lines);
    expect(messagesOf(lines).toSorted()).toEqual(messagesOf(fast.lines).toSorted());
  });

  test('gets the lines that its filter holds, and still the end', async () => {
    const { id } = await service.trigger({
      definition: 'failThenSucceed',
      input: { succeedAt: 3, retryMs: 10, lines: 3 },
    });
    const filter = { levels: ['ERROR'] as const, steps: ['failUntil'], search: 'ATTEMPT 2' };
    const { lines, end } = await readToEnd(service, id, { filter });
    expect(messagesOf(lines)).toEqual(['Attempt 2 failed: not at attempt 2']);
    expect((await service.logs(id, { filter })).lines).toEqual(lines);
    expect((await readToEnd(service, id, { after: end.cursor })).lines).toEqual([]);
  });

  test('that returns while it waits is let go at once', async () => {
    const { id } = await service.trigger({ definition: 'takeNap', input: { ms: 60_000 } });
    const tail = service.tail(id);
    const watch = service.watch(id);
    await Promise.all([tail.next(), watch.next()]);
    const waiting = [tail.next(), watch.next()];
    await Promise.all([tail.return?.(), watch.return?.()]);
    for (const { done } of await Promise.all(waiting)) expect(done).toBe(true);
    await service.terminate({ id });
  });

  test('of a run that nobody knows is told so', async () => {
    const unknown = expect.objectContaining({ code: 'TASK_RUN_NOT_FOUND' });
    await expect(service.tail('nobody').next()).rejects.toEqual(unknown);
    await expect(service.watch('nobody').next()).rejects.toEqual(unknown);
    await expect(service.logs('nobody')).rejects.toEqual(unknown);
  });

  test('with the cursor of another run is refused', async () => {
    const runs = await Promise.all(
      [0, 1].map(() => service.trigger({ definition: 'walkSteps', input: { steps: 1 } })),
    );
    const [mine, other] = runs.map(({ id }) => id) as [string, string];
    const { end } = await readToEnd(service, other);
    const refused = expect.objectContaining({ code: 'INVALID_CURSOR' });
    await expect(service.tail(mine, { after: end.cursor }).next()).rejects.toEqual(refused);
    await expect(service.logs(mine, { after: end.cursor })).rejects.toEqual(refused);
    await expect(service.logs(mine, { first: 1001 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  test('is told when the run is deleted under its eyes', async () => {
    const { id } = await service.trigger({ definition: 'takeNap', input: { ms: 60_000 } });
    const tail = service.tail(id);
    await tail.next();
    await Promise.all([
      expect(tail.next()).rejects.toMatchObject({ code: 'TASK_RUN_NOT_FOUND' }),
      service.delete(id),
    ]);
  });

  test('stays while Temporal is away, and goes on when it is back', async () => {
    const proxy = await lossyProxy(inject('temporal').address);
    const lossy = await Connection.connect({ address: proxy.address });
    const away = new TaskService({
      client: new Client({ connection: lossy }),
      tasks,
      taskQueue: whole.taskQueue,
    });
    const { id } = await service.trigger({
      definition: 'sayLines',
      input: { lines: 100, rate: 25 },
    });
    const following = readToEnd(away, id);
    await readUntil(service, id, /^line 20 /);
    proxy.blackhole();
    proxy.cut();
    await readUntil(service, id, /^line 60 /);
    proxy.heal();
    // What was sent meanwhile is lost, and no connection survives that.
    proxy.cut();
    const { lines, end } = await following;
    expectNoGapNorRepeat(lines);
    expect(lines).toHaveLength(103);
    expect(end.status).toBe('SUCCEEDED');
    await away.close();
    await lossy.close();
    await proxy.close();
  });
});

test('a run is shown as it is, then with each change, the latest only, until it is closed', async () => {
  const { id } = await service.trigger({ definition: 'walkSteps', input: { steps: 30, ms: 40 } });
  const seen = [];
  for await (const run of service.watch(id)) seen.push(run);
  expect(seen.at(-1)?.status).toBe('SUCCEEDED');
  const done = seen.flatMap(({ progress }) => progress?.done ?? []);
  expect(done.length).toBeGreaterThan(1);
  expect(done).toEqual(done.toSorted((one, other) => one - other));
  const shown = seen.map(({ status, progress, steps }) =>
    JSON.stringify([status, progress, steps.map((step) => ({ ...step, lastHeartbeat: null }))]),
  );
  expect(shown.filter((text, at) => text === shown[at - 1])).toEqual([]);
});

test('a closed service ends what its readers wait for', async () => {
  const closing = new TaskService({
    client: new Client({ connection }),
    tasks,
    taskQueue: whole.taskQueue,
  });
  const { id } = await service.trigger({ definition: 'takeNap', input: { ms: 60_000 } });
  const tail = closing.tail(id);
  await tail.next();
  const next = tail.next();
  await closing.close();
  expect(await next).toEqual({ done: true, value: undefined });
  await expectNoCalls();
  await service.terminate({ id });
});
