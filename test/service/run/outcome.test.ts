import { defaultPayloadConverter, toPayloads } from '@temporalio/common';
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import type { WorkflowService } from '@temporalio/client';
import type { temporal as proto } from '@temporalio/proto';
import { expect, test } from 'vitest';
import { enums } from '../../../src/service/temporal/proto.ts';
import { readOutcome } from '../../../src/service/run/outcome.ts';
import type { OutcomeRequest } from '../../../src/service/run/outcome.ts';
import type { Temporal } from '../../../src/service/temporal/temporal.ts';

type HistoryEvent = proto.api.history.v1.IHistoryEvent;
const { EventType } = enums;

/** A history, told from its end in pages. */
function historyOf(events: readonly HistoryEvent[]) {
  let calls = 0;
  const service = {
    async getWorkflowExecutionHistoryReverse({
      maximumPageSize = 0,
      nextPageToken,
    }: proto.api.workflowservice.v1.IGetWorkflowExecutionHistoryReverseRequest) {
      calls++;
      const newestFirst = events.toReversed();
      const from = nextPageToken?.[0] ?? 0;
      const to = from + (maximumPageSize ?? 0);
      return {
        history: { events: newestFirst.slice(from, to) },
        nextPageToken: new Uint8Array(to < newestFirst.length ? [to] : []),
      };
    },
  };
  return {
    get calls() {
      return calls;
    },
    temporal: {
      namespace: 'default',
      ask: (question: (service: WorkflowService) => unknown) =>
        question(service as unknown as WorkflowService),
      decode: async (payloads: readonly proto.api.common.v1.IPayload[] | null | undefined) =>
        (payloads ?? []).map((payload) => defaultPayloadConverter.fromPayload(payload)),
      decodeFailure: async () => undefined,
    } as unknown as Temporal,
  };
}

const payloads = (value: unknown) => ({
  payloads: toPayloads(defaultPayloadConverter, value) ?? [],
});
const eventTime = msNumberToTs(Date.parse('2026-11-24T07:00:00.000Z'));
const cancel = (cause: string): HistoryEvent => ({
  eventTime,
  eventType: EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED,
  workflowExecutionCancelRequestedEventAttributes: { cause },
});
const completed = (output: unknown): HistoryEvent => ({
  workflowExecutionCompletedEventAttributes: { result: payloads(output) },
});
const canceled = (details?: unknown): HistoryEvent => ({
  eventTime: msNumberToTs(Date.parse('2026-11-24T07:00:09.000Z')),
  workflowExecutionCanceledEventAttributes:
    details === undefined ? {} : { details: payloads(details) },
});
const filler = (count: number): HistoryEvent[] =>
  Array.from({ length: count }, () => ({ workflowTaskCompletedEventAttributes: {} }));

const request = (more: Partial<OutcomeRequest> = {}): OutcomeRequest => ({
  id: 'walk-1',
  link: 'link-1',
  open: false,
  abortRequested: undefined,
  wasAborted: () => Promise.resolve(false),
  graceEndsAt: null,
  ...more,
});

test('a long history that nobody aborted is not read on', async () => {
  const history = historyOf([...filler(120), completed('done')]);
  const { outcome } = await readOutcome(history.temporal, request());
  expect([outcome.output, outcome.abort, history.calls]).toEqual(['done', null, 1]);
});

test('an abort far from the end is looked for when it is known of', async () => {
  const history = historyOf([cancel('ada: why'), ...filler(120), completed('done')]);
  const { outcome } = await readOutcome(
    history.temporal,
    request({ wasAborted: () => Promise.resolve(true) }),
  );
  expect(outcome.abort).toMatchObject({ by: 'ada', reason: 'why', mode: 'TOO_LATE' });
  expect(history.calls).toBe(3);
});

test.each([
  [undefined, null],
  ['DONE', { outcome: 'DONE', error: null }],
  ['TIMED_OUT', { outcome: 'TIMED_OUT', error: null }],
  ['TypeError: tidy broke', { outcome: 'FAILED', error: 'TypeError: tidy broke' }],
])('a clean-up that was noted as %j is told as %j', async (cleanUp, expected) => {
  const history = historyOf([
    cancel(': '),
    canceled({ v: 1, by: '', reason: '', mode: 'GRACEFUL', cleanUp }),
  ]);
  const { outcome } = await readOutcome(history.temporal, request({ abortRequested: true }));
  expect(outcome.abort).toMatchObject({ by: null, reason: null, cleanUp: expected });
});

test('an abort that took effect has the time of its request', async () => {
  const details = { v: 1, by: 'ada', reason: 'why', mode: 'FORCED', cleanUp: 'TIMED_OUT' };
  const history = historyOf([cancel('ada: why'), ...filler(5), canceled(details)]);
  const { outcome } = await readOutcome(history.temporal, request({ abortRequested: true }));
  expect(outcome.abort).toEqual({
    by: 'ada',
    reason: 'why',
    at: new Date('2026-11-24T07:00:00.000Z'),
    mode: 'FORCED',
    graceEndsAt: null,
    cleanUp: { outcome: 'TIMED_OUT', error: null },
  });
});

test('a cancel from elsewhere is an abort by nobody', async () => {
  const history = historyOf([cancel('tidying up'), canceled()]);
  const { outcome } = await readOutcome(history.temporal, request());
  expect(outcome.abort).toMatchObject({ by: null, reason: 'tidying up', mode: 'GRACEFUL' });
});

test('an open run has its abort and no end', async () => {
  const graceEndsAt = new Date('2026-11-24T07:00:30.000Z');
  const history = historyOf([cancel('ada (grace 30 s): why'), ...filler(3)]);
  const { outcome } = await readOutcome(
    history.temporal,
    request({ open: true, abortRequested: true, graceEndsAt }),
  );
  expect(outcome).toEqual({
    output: null,
    error: null,
    progress: null,
    abort: {
      by: 'ada',
      reason: 'why',
      at: new Date('2026-11-24T07:00:00.000Z'),
      mode: null,
      graceEndsAt,
      cleanUp: null,
    },
  });
});

const envelope = (src: string, done: number, ended = false) => ({
  v: 1,
  src,
  segs: [],
  progress: { done, total: 9, message: null },
  ended,
});

test('the last progress is the one of the last envelope, whatever carried it', async () => {
  const history = historyOf([
    { workflowExecutionSignaledEventAttributes: { input: payloads(envelope('1/1/1', 3)) } },
    {
      activityTaskFailedEventAttributes: {
        failure: { applicationFailureInfo: { details: payloads(envelope('1/1/2', 5, true)) } },
      },
    },
    { workflowExecutionSignaledEventAttributes: { input: payloads('not ours') } },
    { workflowExecutionFailedEventAttributes: {} },
  ]);
  const { outcome } = await readOutcome(history.temporal, request());
  expect(outcome.progress).toEqual({ done: 5, total: 9, message: null });
});
