// What a run had done is not done again by the run that goes on from it, however it ended.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { countingCalls } from '../../../src/metering/count-calls.ts';
import type { TaskRun } from '../../../src/contract/task-run.ts';
import type { ResumedRun } from '../../../src/contract/tasks.ts';
import { startTestServer } from '../../../src/testing/start-test-server.ts';
import type { TestServer } from '../../../src/testing/test-server.ts';
import type { TaskService } from '../../../src/service/task-service.ts';
import * as activities from '../../support/resume/activities.ts';
import { broken, done } from '../../support/resume/activities.ts';
import * as after from '../../support/resume/after.ts';
import * as before from '../../support/resume/before.ts';
import { eventually } from '../../support/whole.ts';

let server: TestServer;
/** Of the code as it was, and as it is: with a step more in the middle. */
let old: TaskService<typeof before>;
let today: TaskService<typeof after>;
beforeAll(async () => {
  server = await startTestServer({ address: inject('temporal').address });
  ({ service: old } = await server.serve({
    tasks: before,
    workflowsPath: at('before'),
    activities,
  }));
  ({ service: today } = await server.serve({
    tasks: after,
    workflowsPath: at('after'),
    activities,
  }));
}, 120_000);
afterAll(() => server.close());

const at = (name: string): URL => new URL(`../../support/resume/${name}.ts`, import.meta.url);

const ended = (id: string): Promise<TaskRun> =>
  eventually(async () => {
    const run = await today.get(id);
    expect(run.finishedAt).not.toBeNull();
    return run;
  });
const outputOf = async (id: string): Promise<unknown> =>
  (await today.outcome(await ended(id))).output;

/** A run that is at its item 438 of 1,000, and shall stay there or fail. */
async function begun(how: 'FAIL' | 'HANG', definition: 'importAll' | 'importInTime' = 'importAll') {
  const label = randomUUID();
  broken.set(label, { item: 438, how });
  const run = await old.trigger({ definition, input: { label, items: 1000 } });
  await eventually(async () => {
    expect(done.get(label)).toContain('item 437');
    if (how === 'FAIL') return;
    // The heartbeat that has this line has the checkpoint before it too.
    const { lines } = await old.logs(run.id, { last: 1 });
    expect(lines[0]?.message).toBe('hangs');
  });
  return { label, ...run };
}

const items = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `item ${from + index}`);

/** Goes on with what was wrong put right, and answers what is done by it alone. */
async function resumed(
  id: string,
  label: string,
): Promise<{ readonly run: ResumedRun; readonly did: readonly string[] }> {
  broken.delete(label);
  const known = done.get(label)?.length ?? 0;
  const run = await today.resume({ id });
  await ended(run.id);
  return { run, did: done.get(label)?.slice(known) ?? [] };
}

describe('no item is done twice after its checkpoint, and no step that had ended, of a run', () => {
  const ENDS = {
    'that failed': { how: 'FAIL', status: 'FAILED', end: async () => {} },
    'that was aborted': {
      how: 'HANG',
      status: 'ABORTED',
      end: async (id: string) => void (await old.abort({ id })),
    },
    'that was ended by force': {
      how: 'HANG',
      status: 'ABORTED',
      end: async (id: string) => void (await old.terminate({ id })),
    },
  } as const;
  test.each(Object.entries(ENDS))('%s', async (_, { how, status, end }) => {
    const { id, label } = await begun(how);
    await end(id);
    expect(await ended(id)).toMatchObject({ status });
    expect((await today.checkpoint(await today.get(id)))?.calls).toEqual([
      { id: 'prepare#1', name: 'prepare', kind: 'ACTIVITY', how: 'RESULT', state: null },
      { id: 'say#1', name: 'say', kind: 'ACTIVITY', how: 'RESULT', state: null },
      { id: 'importItems#1', name: 'importItems', kind: 'ACTIVITY', how: 'CHECKPOINT', state: 437 },
    ]);
    const { run, did } = await resumed(id, label);
    // Code of today calls `say` once more, before what was said: that one has other arguments.
    expect(did).toEqual(['extra', 'begin', ...items(438, 1000), 'end']);
    expect(await outputOf(run.id)).toEqual({ where: `store of ${label}`, items: 1000 });
    expect(run).toMatchObject({ resumeOf: id });
    const { lines } = await today.logs(run.id);
    expect(lines[0]?.message).toBe(
      `Triggered, goes on after run ${id}: reuses prepare, say; takes importItems up from the last checkpoint`,
    );
    expect((await today.list({ filter: { resumeOf: [id] } })).runs.map((one) => one.id)).toEqual([
      run.id,
    ]);
  });

  test('that took longer than it may', async () => {
    const { id, label } = await begun('HANG', 'importInTime');
    expect(await today.outcome(await ended(id))).toMatchObject({ error: { code: 'TIMEOUT' } });
    const { did } = await resumed(id, label);
    expect(did).toEqual(items(438, 1000));
  });
});

test('of three runs in a row each goes on where the one before it was', async () => {
  const { id, label } = await begun('FAIL');
  await ended(id);
  broken.set(label, { item: 600, how: 'FAIL' });
  const second = await old.resume({ id });
  await ended(second.id);
  // Fails before its first checkpoint: what the first one handed on is still there.
  const third = await old.resume({ id: second.id });
  expect(await ended(third.id)).toMatchObject({ status: 'FAILED' });
  broken.delete(label);
  const fourth = await old.resume({ id: third.id });
  expect(fourth.calls.map(({ id: call, how }) => [call, how])).toEqual([
    ['prepare#1', 'RESULT'],
    ['say#1', 'RESULT'],
    ['importItems#1', 'CHECKPOINT'],
  ]);
  expect(await outputOf(fourth.id)).toEqual({ where: `store of ${label}`, items: 1000 });
  expect(done.get(label)).toEqual(['prepare', 'begin', ...items(1, 1000), 'end']);
});

test('a call and all after it begin anew when it is named', async () => {
  const { id, label } = await begun('FAIL');
  await ended(id);
  broken.delete(label);
  const known = done.get(label)?.length ?? 0;
  const run = await old.resume({ id, from: 'say#1' });
  expect(run.calls.map(({ how }) => how)).toEqual(['RESULT', 'AGAIN', 'AGAIN']);
  await ended(run.id);
  expect(done.get(label)?.slice(known)).toEqual(['begin', ...items(1, 1000), 'end']);
});

test('with another input it goes on all the same, and what has other arguments is done again', async () => {
  const { id, label } = await begun('FAIL');
  await ended(id);
  broken.delete(label);
  const known = done.get(label)?.length ?? 0;
  const run = await old.resume({ id, input: { label, items: 440 } });
  expect(await outputOf(run.id)).toEqual({ where: `store of ${label}`, items: 440 });
  expect(done.get(label)?.slice(known)).toEqual(['item 438', 'item 439', 'item 440', 'end']);
  await expect(old.resume({ id, input: { label } })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    details: { issues: [{ path: ['items'] }] },
  });
});

test('a child that had ended is not run again, nor one that was triggered; an unfinished one is', async () => {
  const label = randomUUID();
  broken.set(`${label} 2`, { item: 3, how: 'FAIL' });
  const run = await old.trigger({ definition: 'importTwo', input: { label, items: 5 } });
  await ended(run.id);
  broken.clear();
  const again = await old.resume({ id: run.id });
  expect(again.calls.map(({ id, how }) => [id, how])).toEqual([
    ['triggered:importAll#1', 'RESULT'],
    ['child:importAll#1', 'RESULT'],
    ['child:importAll#2', 'AGAIN'],
  ]);
  expect(await outputOf(again.id)).toMatchObject({ items: 10 });
  expect(await today.count({ parent: [again.id] })).toBe(1);
  expect(done.get(`${label} 1`)).toEqual(['prepare', 'begin', ...items(1, 5), 'end']);
  expect(done.get(`${label} 2`)?.filter((what) => what === 'prepare')).toHaveLength(2);
});

test('of more than fits the oldest results are left out, and the answer says so', async () => {
  const label = randomUUID();
  broken.set(label, { item: 0, how: 'FAIL' });
  const input = { label, times: 3, bytes: 400_000 };
  const { id } = await old.trigger({ definition: 'answerAll', input });
  await ended(id);
  const { run, did } = await resumed(id, label);
  expect(run.calls.map(({ id: call, how }) => [call, how])).toEqual([
    ['answer#1', 'LEFT_OUT'],
    ['answer#2', 'RESULT'],
    ['answer#3', 'RESULT'],
    ['failIfBroken#1', 'AGAIN'],
  ]);
  expect(run.reuses).toContain('does answer again, which left too much');
  expect(did).toEqual(['answer 1', 'checked']);
});

test('a run whose history is gone is not there, and one that goes on from it is whole', async () => {
  const { id, label } = await begun('FAIL');
  await ended(id);
  broken.delete(label);
  const run = await old.resume({ id });
  await ended(run.id);
  await old.delete(id);
  await expect(old.resume({ id })).rejects.toMatchObject({ code: 'TASK_RUN_NOT_FOUND' });
  expect(await old.get(run.id)).toMatchObject({ status: 'SUCCEEDED', resumeOf: id });
});

describe('what it costs', () => {
  test('three calls to resume, and no event for what is reused', async () => {
    const { id, label } = await begun('FAIL');
    await ended(id);
    broken.delete(label);
    const { calls, result } = await counted(() => old.resume({ id }));
    expect(calls).toBe(3);
    await ended(result.id);
    expect(await scheduled(result.id)).toEqual(['importItems', 'say']);
  });

  test('nothing of a run that uses none of it', async () => {
    const label = randomUUID();
    const asked = { definition: 'importAll', input: { label, items: 1 } } as const;
    const { calls, result } = await counted(() => old.trigger(asked));
    expect(calls).toBe(1);
    await ended(result.id);
    const { events } = await server.client.workflow.getHandle(result.id).fetchHistory();
    const [started] = events ?? [];
    expect(started?.workflowExecutionStartedEventAttributes?.input?.payloads).toHaveLength(1);
    expect(await scheduled(result.id)).toEqual(['prepare', 'say', 'importItems', 'say']);
    // Start, four steps with their workflow tasks, end.
    expect(events).toHaveLength(1 + 5 * 3 + 4 * 3 + 1);
  });
});

async function scheduled(id: string): Promise<readonly unknown[]> {
  const { events } = await server.client.workflow.getHandle(id).fetchHistory();
  return (events ?? []).flatMap(
    ({ activityTaskScheduledEventAttributes: activity }) => activity?.activityType?.name ?? [],
  );
}

async function counted<T>(work: () => Promise<T>) {
  let calls = 0;
  const result = await countingCalls(() => calls++, work);
  return { calls, result };
}
