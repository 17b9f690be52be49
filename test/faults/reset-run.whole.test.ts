// What an operator does to a run by `temporal workflow reset`: it begins anew, as another execution under the same id.
import { randomUUID } from 'node:crypto';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TaskRunStatus, isClosed } from '../../src/contract/task-run.ts';
import type { LogLine } from '../../src/contract/wire/run-log.ts';
import { TaskService } from '../../src/service/task-service.ts';
import { bundleOfTests } from '../support/bundle.ts';
import { expectNoGapNorRepeat, messagesOf, readToEnd } from '../support/run-log.ts';
import * as tasks from '../support/tasks/workflows.ts';
import { eventually, startWorker } from '../support/whole.ts';
import type { WholeTest } from '../support/whole.ts';

let worker: WholeTest;
let service: TaskService<typeof tasks>;
beforeAll(async () => {
  worker = await startWorker();
  service = new TaskService({ client: worker.client, tasks, taskQueue: worker.taskQueue });
});
afterAll(async () => {
  await service.close();
  await worker.stop();
});

/** Back to a workflow task that was completed, the first one unless told otherwise, of an execution. */
async function reset(id: string, { nth = 0, link = '' } = {}): Promise<string> {
  const { workflowService } = worker.client;
  const target = { namespace: 'default', execution: { workflowId: id, runId: link } };
  const { history } = await workflowService.getWorkflowExecutionHistory(target);
  const done = (history?.events ?? []).filter(
    (event) => event.workflowTaskCompletedEventAttributes,
  );
  const { runId } = await workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: target.execution,
    reason: 'Once more',
    requestId: randomUUID(),
    workflowTaskFinishEventId: done[nth]?.eventId ?? null,
  });
  return runId;
}

const linkOf = async (id: string): Promise<string> =>
  (await worker.client.workflow.getHandle(id).describe()).runId;

const untilClosed = (id: string) =>
  eventually(async () => {
    const run = await service.get(id);
    expect(isClosed(run.status)).toBe(true);
    return run;
  });

const logOf = async (id: string) => service.logs(id, { first: 1000 });

const untilLine = (id: string, text: string) =>
  eventually(async () => {
    const page = await logOf(id);
    expect(messagesOf(page.lines)).toContain(text);
    return page;
  });

/** The row of a run, and nothing else of it, whatever is asked. */
const untilListedOnce = (id: string, status: TaskRunStatus) =>
  eventually(async () => {
    const filter = { ids: [id] };
    const others = { ...filter, statusNot: [status] };
    const { runs } = await service.list({ filter });
    expect(runs.map((run) => run.status)).toEqual([status]);
    expect((await service.list({ filter: others })).runs).toEqual([]);
    expect((await service.list({ filter, orderBy: 'LAST_FINISHED_FIRST' })).runs.length).toBe(
      isClosed(status) ? 1 : 0,
    );
    expect(await service.count(filter)).toBe(1);
    expect(await service.counts(filter)).toMatchObject({ total: 1, [status]: 1 });
  });

/** So many executions are in Temporal's index. */
const untilIndexed = (id: string, executions: number) =>
  eventually(async () => {
    const { count } = await worker.client.workflow.count(`WorkflowId = '${id}'`);
    expect(count).toBe(executions);
  });

const keysOf = (lines: readonly LogLine[]) => lines.map(({ source, n }) => `${source}#${n}`);

function expectWhole(lines: readonly LogLine[], before: readonly LogLine[]): void {
  expectNoGapNorRepeat(lines.filter(({ step }) => step !== null));
  expect(new Set(keysOf(lines)).size).toBe(lines.length);
  expect(keysOf(lines).slice(0, before.length)).toEqual(keysOf(before));
}

async function replays(id: string): Promise<void> {
  const history = await worker.client.workflow.getHandle(id).fetchHistory();
  await Worker.runReplayHistory(
    { workflowBundle: { codePath: await bundleOfTests() } },
    history,
    id,
  );
}

test('a run that failed and was reset is one run, with the lines of both executions', async () => {
  const input = { next: 'fail', steps: 2 } as const;
  const { id } = await service.trigger({ definition: 'walkThen', input });
  await untilClosed(id);
  const before = await logOf(id);
  const link = await reset(id);
  await eventually(async () => expect(await linkOf(id)).toBe(link));
  await untilClosed(id);

  const { lines } = await logOf(id);
  expect(messagesOf(lines)).toEqual([
    'Triggered',
    'Started',
    'step 1',
    'step 2',
    'Attempt 1 failed: the end of the way',
    'Failed: NO_WAY: the end of the way',
    'Started',
    'step 1',
    'step 2',
    'Attempt 1 failed: the end of the way',
    'Failed: NO_WAY: the end of the way',
  ]);
  expectWhole(lines, before.lines);
  // Who had read it to its end goes on from there.
  const rest = await readToEnd(service, id, { after: before.cursor });
  expect(keysOf(rest.lines)).toEqual(keysOf(lines).slice(before.lines.length));
  expect(rest.end.status).toBe(TaskRunStatus.Failed);
  expect(keysOf((await readToEnd(service, id)).lines)).toEqual(keysOf(lines));
  await untilListedOnce(id, TaskRunStatus.Failed);
  await replays(id);
});

test('a run that is reset while it runs keeps its viewers', async () => {
  const { id } = await service.trigger({ definition: 'holdTask', input: {} });
  const viewer = readToEnd(service, id);
  const before = await untilLine(id, 'holding');
  await reset(id);
  await eventually(async () =>
    expect(messagesOf((await logOf(id)).lines).filter((text) => text === 'holding')).toHaveLength(
      2,
    ),
  );
  await untilListedOnce(id, TaskRunStatus.Running);
  await service.as({ name: 'ada' }).abort({ id, reason: 'Enough' });
  await untilClosed(id);

  const { lines } = await logOf(id);
  expect(messagesOf(lines)).toEqual([
    'Triggered',
    'Started',
    'holding',
    'Started',
    'holding',
    'Abort requested by ada: Enough',
    'Stopped: Aborted by ada: Enough',
    'Aborted (GRACEFUL)',
  ]);
  expectWhole(lines, before.lines);
  expect(keysOf((await viewer).lines)).toEqual(keysOf(lines));
  const rest = await readToEnd(service, id, { after: before.cursor });
  expect(keysOf(rest.lines)).toEqual(keysOf(lines).slice(before.lines.length));
  await untilListedOnce(id, TaskRunStatus.Aborted);
  await replays(id);
});

test('a step that was scheduled before the place of the reset has lines of its own', async () => {
  const { id } = await service.trigger({ definition: 'holdTask', input: {} });
  const before = await untilLine(id, 'holding');
  await worker.client.workflow.getHandle(id).signal('nudge');
  await eventually(async () => {
    const { historyLength } = await worker.client.workflow.getHandle(id).describe();
    expect(historyLength).toBeGreaterThanOrEqual(9);
  });
  await reset(id, { nth: 1 });
  await eventually(async () => {
    const { lines } = await logOf(id);
    expect(messagesOf(lines).filter((text) => text === 'holding')).toHaveLength(2);
    expectWhole(lines, before.lines);
  });
  await service.abort({ id });
  await untilClosed(id);
  await replays(id);
});

test('a run that was reset in the middle of its chain, and once more, goes on in one log', async () => {
  const input = { iterations: 3, lines: 1 };
  const { id } = await service.trigger({ definition: 'chainTask', input });
  await untilClosed(id);
  const before = await logOf(id);
  const last = await linkOf(id);
  const middle = await worker.client.workflow.getHandle(id, last).fetchHistory();
  const link = middle.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
  await reset(id, { link: link ?? '' });
  await eventually(async () => expect(await linkOf(id)).not.toBe(last));
  await untilClosed(id);
  const { lines, cursor } = await logOf(id);
  expect(lines.filter(({ step }) => step !== null).map(({ iteration }) => iteration)).toEqual([
    1, 1, 2, 2, 3, 3, 2, 2, 3, 3,
  ]);
  expectWhole(lines, before.lines);
  await untilListedOnce(id, TaskRunStatus.Succeeded);

  const again = await linkOf(id);
  await reset(id);
  await eventually(async () => expect(await linkOf(id)).not.toBe(again));
  await untilClosed(id);
  const whole = await logOf(id);
  expect(whole.lines.slice(lines.length).map(({ iteration }) => iteration)).toEqual([3, 3, 3]);
  expectWhole(whole.lines, lines);
  const rest = await readToEnd(service, id, { after: cursor });
  expect(keysOf(rest.lines)).toEqual(keysOf(whole.lines).slice(lines.length));
  await untilListedOnce(id, TaskRunStatus.Succeeded);
});

test('a run whose earlier iteration is reset while a later one runs keeps its viewers', async () => {
  const input = { iterations: 2, lines: 1, pauseMs: 2000 };
  const { id } = await service.trigger({ definition: 'chainTask', input });
  const viewer = readToEnd(service, id);
  const first = await linkOf(id);
  await eventually(async () => expect(await linkOf(id)).not.toBe(first));
  await eventually(async () => expect((await logOf(id)).lines).toHaveLength(5));
  await reset(id, { link: first });
  await eventually(async () => {
    const { status, iteration } = await service.get(id);
    expect([status, iteration]).toEqual([TaskRunStatus.Succeeded, 2]);
  });
  const { lines } = await logOf(id);
  expectWhole(lines, []);
  expect(lines.filter(({ step }) => step !== null).map(({ iteration }) => iteration)).toEqual([
    1, 1, 2, 2, 1, 1, 2, 2,
  ]);
  expect(keysOf((await viewer).lines)).toEqual(keysOf(lines));
  await untilListedOnce(id, TaskRunStatus.Succeeded);
});

test('an execution that is reset twice keeps what the first reset made of it', async () => {
  const { id } = await service.trigger({ definition: 'holdTask', input: {} });
  const viewer = readToEnd(service, id);
  const first = await linkOf(id);
  await untilLine(id, 'holding');
  const holds = async (): Promise<number> =>
    messagesOf((await logOf(id)).lines).filter((text) => text === 'holding').length;
  await reset(id, { link: first });
  await eventually(async () => expect(await holds()).toBe(2));
  const between = await logOf(id);
  await untilIndexed(id, 2);
  await reset(id, { link: first });
  await eventually(async () => expect(await holds()).toBe(3));
  await service.abort({ id });
  await untilClosed(id);

  const { lines } = await logOf(id);
  expectWhole(lines, between.lines);
  expect(keysOf((await readToEnd(service, id)).lines)).toEqual(keysOf(lines));
  expect(keysOf((await viewer).lines)).toEqual(keysOf(lines));
  const rest = await readToEnd(service, id, { after: between.cursor });
  expect(keysOf(rest.lines)).toEqual(keysOf(lines).slice(between.lines.length));
  await untilListedOnce(id, TaskRunStatus.Aborted);
});

test('a run that was reset, and its first execution once more, is read and deleted as a whole', async () => {
  const { id } = await service.trigger({
    definition: 'walkThen',
    input: { next: 'fail', steps: 1 },
  });
  await untilClosed(id);
  const first = await linkOf(id);
  for (const executions of [2, 3]) {
    const link = await reset(id, { link: first });
    await eventually(async () => expect(await linkOf(id)).toBe(link));
    await untilClosed(id);
    await untilIndexed(id, executions);
  }
  const { lines } = await logOf(id);
  expect(messagesOf(lines).filter((text) => text === 'step 1')).toHaveLength(3);
  expectWhole(lines, []);
  await service.delete(id);
  await eventually(
    async () => {
      const query = `WorkflowId = '${id}'`;
      const { count } = await worker.client.workflow.count(query);
      expect(count).toBe(0);
    },
    { within: 60_000 },
  );
});
