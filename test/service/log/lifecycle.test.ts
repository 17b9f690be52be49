import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { Client } from '@temporalio/client';
import { expect, test } from 'vitest';
import type { TaskRun } from '../../../src/contract/task-run.ts';
import { abortRequestOf, endOf, openingOf } from '../../../src/service/log/lifecycle.ts';
import type { LifeLine } from '../../../src/service/log/lifecycle.ts';
import { Temporal } from '../../../src/service/temporal/temporal.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

const temporalWithoutServer = new Temporal({ client: new Client() });
const run: TaskRun = {
  id: 'run',
  definition: 'walkSteps',
  name: 'Walk',
  status: 'RUNNING',
  createdAt: new Date('2026-11-24T08:00:00Z'),
  scheduledFor: null,
  startedAt: null,
  finishedAt: null,
  iteration: 1,
  tags: [],
  triggeredBy: 'ann',
  parent: null,
  rerunOf: null,
  resumeOf: null,
  reuses: null,
};
const text = (lines: readonly LifeLine[]): string[] =>
  lines.map(({ line }) => `${line.n} ${line.event} ${line.level} ${line.message}`);
const end = async (event: HistoryEvent, asked = false): Promise<string[]> =>
  text(await endOf(temporalWithoutServer, event, { iteration: 1, asked }));

test('a run begins with who triggered it', () => {
  expect(text(openingOf(run))).toEqual(['1 TRIGGERED INFO Triggered by ann']);
  expect(text(openingOf({ ...run, triggeredBy: null }))).toEqual(['1 TRIGGERED INFO Triggered']);
});

test('a delayed run says until when', () => {
  const scheduledFor = new Date('2026-11-24T09:00:00Z');
  expect(text(openingOf({ ...run, scheduledFor }))).toEqual([
    '1 TRIGGERED INFO Triggered by ann',
    '2 DELAYED INFO Delayed until 2026-11-24T09:00:00.000Z',
  ]);
});

test.each([
  ['ann: enough', '3 ABORT_REQUESTED WARN Abort requested by ann: enough'],
  ['ann (grace 5 s): ', '3 ABORT_REQUESTED WARN Abort requested by ann'],
  ['', '3 ABORT_REQUESTED WARN Abort requested'],
  ['by hand', '3 ABORT_REQUESTED WARN Abort requested: by hand'],
])('the abort cause %j reads %j', (cause, expected) => {
  const event = { workflowExecutionCancelRequestedEventAttributes: { cause } };
  expect(text([abortRequestOf(event, { iteration: 1 })].flatMap((line) => line ?? []))).toEqual([
    expected,
  ]);
});

test('each end has its line', async () => {
  const details = { payloads: [defaultPayloadConverter.toPayload({ v: 1, mode: 'FORCED' })] };
  expect(await end({ workflowExecutionCompletedEventAttributes: {} })).toEqual([
    '4 SUCCEEDED INFO Done',
  ]);
  expect(
    await end({
      workflowExecutionFailedEventAttributes: {
        failure: { message: 'no way', applicationFailureInfo: { type: 'BadDay' } },
      },
    }),
  ).toEqual(['4 FAILED ERROR Failed: BadDay: no way']);
  expect(await end({ workflowExecutionTimedOutEventAttributes: {} })).toEqual([
    expect.stringMatching(/^4 FAILED ERROR Failed: TIMEOUT: /),
  ]);
  expect(await end({ workflowExecutionCanceledEventAttributes: { details } })).toEqual([
    '4 ABORTED WARN Aborted (FORCED)',
  ]);
  expect(await end({ workflowExecutionCanceledEventAttributes: {} })).toEqual([
    '4 ABORTED WARN Aborted (GRACEFUL)',
  ]);
  expect(await end({ workflowExecutionContinuedAsNewEventAttributes: {} })).toEqual([]);
});

test('a terminated run says who did it and why, once', async () => {
  const event = { workflowExecutionTerminatedEventAttributes: { reason: 'bob: stuck' } };
  expect(await end(event)).toEqual([
    '3 ABORT_REQUESTED WARN Abort requested by bob: stuck',
    '4 ABORTED WARN Aborted (TERMINATED)',
  ]);
  expect(await end(event, true)).toEqual(['4 ABORTED WARN Aborted (TERMINATED) by bob: stuck']);
});

test('an end that cannot be decoded hides nothing', async () => {
  const unreadable = { payloads: [{ metadata: { encoding: Buffer.from('secret') } }] };
  const canceled = { workflowExecutionCanceledEventAttributes: { details: unreadable } };
  expect(await end(canceled, true)).toEqual(['4 ABORTED WARN Aborted (GRACEFUL)']);
  const failed = {
    workflowExecutionFailedEventAttributes: {
      failure: {
        message: 'no paper',
        applicationFailureInfo: { type: 'OutOfPaper', details: unreadable },
      },
    },
  };
  expect(await end(failed)).toEqual(['4 FAILED ERROR Failed: OutOfPaper: no paper']);
});
