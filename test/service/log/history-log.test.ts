import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { describe, expect, test } from 'vitest';
import type { LogEnvelope } from '../../../src/contract/wire/run-log.ts';
import { RunLog } from '../../../src/contract/wire/run-log.ts';
import { HistoryLog, inOrder, unordered } from '../../../src/service/log/history-log.ts';
import type { LinkHistory } from '../../../src/service/log/history-log.ts';
import { enums } from '../../../src/service/temporal/proto.ts';

const { WorkflowTaskFailedCause } = enums;
type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

const payloadsOf = (...values: readonly unknown[]) => ({
  payloads: values.map((value) => defaultPayloadConverter.toPayload(value)),
});
const envelope = (src: string, ...numbers: readonly number[]): LogEnvelope => ({
  v: 1,
  src,
  segs: [{ src, step: 'work', lines: numbers.map((n) => ({ n, t: n, l: 'INFO', m: `${n}` })) }],
});
const signal = (...args: Parameters<typeof envelope>): HistoryEvent => ({
  workflowExecutionSignaledEventAttributes: {
    signalName: 'waymark.log',
    input: payloadsOf(envelope(...args)),
  },
});
const result = (...args: Parameters<typeof envelope>): HistoryEvent => ({
  activityTaskCompletedEventAttributes: {
    result: payloadsOf({ result: 1, log: envelope(...args) }),
  },
});
const workflowTask: readonly HistoryEvent[] = [
  { workflowTaskStartedEventAttributes: {} },
  { workflowTaskCompletedEventAttributes: {} },
];
const failedTask: readonly HistoryEvent[] = [
  { workflowTaskStartedEventAttributes: {} },
  { workflowTaskFailedEventAttributes: {} },
];

async function historyOf(...events: readonly HistoryEvent[]): Promise<LinkHistory> {
  const log = new HistoryLog(async (payloads) =>
    (payloads ?? []).map((payload) => defaultPayloadConverter.fromPayload(payload)),
  );
  for (const event of events) await log.add(event);
  return log.finish();
}
const linesOf = ({ log }: LinkHistory): readonly string[] =>
  log.page({ limitBytes: Infinity }).entries.map(({ src, n }) => `${src}#${n}`);

test('within one workflow task the workflow sees signals before results', async () => {
  const history = await historyOf(
    result('1/1/1', 1),
    signal('1/2/1', 1, 2),
    result('1/3/1', 1),
    ...workflowTask,
    signal('1/2/1', 3),
  );
  expect(linesOf(history)).toEqual(['1/2/1#1', '1/2/1#2', '1/1/1#1', '1/3/1#1', '1/2/1#3']);
});

test('a workflow task that fails is done again together with what came since', async () => {
  const history = await historyOf(
    result('1/1/1', 1),
    ...failedTask,
    signal('1/2/1', 1),
    ...workflowTask,
  );
  expect(linesOf(history)).toEqual(['1/2/1#1', '1/1/1#1']);
});

test('what no workflow task has taken in is there, without an offset', async () => {
  const history = await historyOf(result('1/1/1', 1), ...workflowTask, result('1/2/1', 1));
  expect(history.safe).toBe(1);
  expect(inOrder(history, {}).entries.map(({ src }) => src)).toEqual(['1/1/1']);
  expect(inOrder(history, { limitBytes: 1 })).toMatchObject({ next: 1, more: false });
  expect(unordered(history).map(({ src }) => src)).toEqual(['1/2/1']);
});

test('the last heartbeat of an attempt that timed out counts, wherever the server puts it', async () => {
  const timedOut = {
    timeoutFailureInfo: { lastHeartbeatDetails: payloadsOf(envelope('1/1/1', 1)) },
  };
  const inCause = {
    cause: { timeoutFailureInfo: { lastHeartbeatDetails: payloadsOf(envelope('1/2/1', 1)) } },
  };
  const history = await historyOf(
    { activityTaskTimedOutEventAttributes: { failure: timedOut } },
    { activityTaskTimedOutEventAttributes: { failure: inCause } },
  );
  expect(linesOf(history)).toEqual(['1/1/1#1', '1/2/1#1']);
});

test('lines that come twice count once', async () => {
  const history = await historyOf(
    signal('1/1/1', 1, 2),
    ...workflowTask,
    signal('1/1/1', 1, 2, 3),
    result('1/1/1', 2, 3, 4),
  );
  expect(linesOf(history)).toEqual(['1/1/1#1', '1/1/1#2', '1/1/1#3', '1/1/1#4']);
});

test('a later link of a chain goes on with the offsets of the one before', async () => {
  const before = new RunLog();
  before.apply(envelope('1/1/1', 1, 2, 3));
  const history = await historyOf(
    {
      workflowExecutionStartedEventAttributes: {
        input: payloadsOf({ folder: 'x' }, { v: 1, iteration: 2, log: before.carry() }),
      },
    },
    signal('2/1/1', 1),
  );
  expect(history.log.page({ after: 3 })).toMatchObject({ next: 4, skipped: 0 });
  expect(history.log.page({ after: 3 }).entries.map(({ src }) => src)).toEqual(['2/1/1']);
});

test('what is not ours passes unnoticed', async () => {
  const history = await historyOf(
    { workflowExecutionStartedEventAttributes: {} },
    { workflowExecutionSignaledEventAttributes: { signalName: 'other', input: payloadsOf(1) } },
    {
      workflowExecutionSignaledEventAttributes: {
        signalName: 'waymark.log',
        input: payloadsOf('x'),
      },
    },
    { activityTaskCompletedEventAttributes: { result: payloadsOf({ plain: true }) } },
    { activityTaskCompletedEventAttributes: {} },
  );
  expect(linesOf(history)).toEqual([]);
});

test('the end, the abort request and the link that follows are told', async () => {
  const abort = { workflowExecutionCancelRequestedEventAttributes: { cause: 'ann: enough' } };
  const end = {
    workflowExecutionContinuedAsNewEventAttributes: { newExecutionRunId: 'second' },
  };
  expect(await historyOf(abort, end)).toMatchObject({ abortRequest: abort, end, next: 'second' });
});

describe('an execution that a reset made', () => {
  const parting: readonly HistoryEvent[] = [
    { workflowTaskStartedEventAttributes: {} },
    {
      workflowTaskFailedEventAttributes: {
        cause: WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW,
      },
    },
  ];
  const scheduled: HistoryEvent = { workflowTaskScheduledEventAttributes: {} };

  test('inherits what was before it and what Temporal applied again, and no more', async () => {
    const history = await historyOf(
      result('1/1/1', 1),
      ...workflowTask,
      result('1/2/1', 1),
      ...parting,
      signal('1/3/1', 1),
      scheduled,
      ...workflowTask,
      result('1/3@0123abcd/1', 1, 2),
      ...workflowTask,
    );
    expect(linesOf(history).slice(history.inherited)).toEqual([
      '1/3@0123abcd/1#1',
      '1/3@0123abcd/1#2',
    ]);
  });

  test('inherits as much before its first workflow task', async () => {
    const history = await historyOf(...parting, signal('1/3/1', 1, 2), scheduled);
    expect(history.inherited).toBe(2);
  });

  test('does not pass what an activity says before that task', async () => {
    const history = await historyOf(
      ...parting,
      signal('1/1/1', 1),
      scheduled,
      signal('1/1@0123abcd/1', 1),
      ...workflowTask,
    );
    expect(linesOf(history).slice(history.inherited)).toEqual(['1/1@0123abcd/1#1']);
  });

  test('inherits nothing without a reset', async () => {
    const history = await historyOf(scheduled, signal('1/1/1', 1), ...failedTask, scheduled);
    expect(history.inherited).toBe(0);
  });
});
