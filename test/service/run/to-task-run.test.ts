import { defaultPayloadConverter, toPayloads } from '@temporalio/common';
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import { temporal as proto } from '@temporalio/proto';
import { expect, test } from 'vitest';
import { toRunFields } from '../../../src/contract/wire/run-fields.ts';
import type { Progress } from '../../../src/contract/task-run.ts';
import { encodeSearchAttributes } from '../../../src/service/temporal/search-attributes.ts';
import { executionOf, toTaskRun, toTaskRunDetails } from '../../../src/service/run/to-task-run.ts';
import type { RunDescription } from '../../../src/service/temporal/proto.ts';
import type { RunInfo } from '../../../src/service/temporal/proto.ts';

const { WorkflowExecutionStatus: Status, PendingActivityState: State } = proto.api.enums.v1;
const { PendingWorkflowTaskState } = proto.api.enums.v1;

const mapping = {
  definitions: new Map([['walkSteps', { title: 'Walk steps' }]]),
  decode: async (payloads: readonly proto.api.common.v1.IPayload[]) =>
    payloads.map((payload) => defaultPayloadConverter.fromPayload(payload)),
  decodeFailure: async ({ message }: proto.api.failure.v1.IFailure) => new Error(message ?? ''),
};

const START = Date.parse('2026-11-24T07:00:00.123Z');
const at = (milliseconds: number) => msNumberToTs(START + milliseconds);
const HOUR = 3_600_000;

/** A row as Temporal lists it. */
function row(info: RunInfo = {}, fields = toRunFields({ name: 'Photos', actor: 'ada', input: 1 })) {
  return {
    execution: { workflowId: 'walk-1', runId: '01a20c62-80c6-70c9-a606-465670b52cf1' },
    type: { name: 'walkSteps' },
    status: Status.WORKFLOW_EXECUTION_STATUS_RUNNING,
    startTime: at(0),
    executionTime: at(0),
    taskQueue: 'queue',
    memo: { fields: { waymark: defaultPayloadConverter.toPayload(fields.memo.waymark) } },
    searchAttributes: { indexedFields: encodeSearchAttributes(fields.searchAttributes) },
    ...info,
  };
}

const details = (description: RunDescription) => toTaskRunDetails(description, mapping);

test('a row holds everything that its trigger wrote', async () => {
  const fields = toRunFields({
    name: 'Photos',
    actor: 'ada',
    input: { folder: 'photos' },
    tags: ['A', 'b'],
    parent: 'parent-1',
    rerunOf: 'walk-0',
  });
  const run = await toTaskRun(row({}, fields), mapping);
  expect(run).toMatchObject({
    id: 'walk-1',
    definition: 'walkSteps',
    name: 'Photos',
    status: 'RUNNING',
    createdAt: new Date(START),
    scheduledFor: null,
    startedAt: new Date(START),
    finishedAt: null,
    iteration: 1,
    tags: ['a', 'b'],
    triggeredBy: 'ada',
    parent: 'parent-1',
    rerunOf: 'walk-0',
  });
});

test("Temporal's Run ID stays behind the run, and with its copies", async () => {
  const run = await toTaskRun(row(), mapping);
  expect(JSON.stringify(run)).not.toContain('01a20c62');
  expect(executionOf(run)).toMatchObject({ link: '01a20c62-80c6-70c9-a606-465670b52cf1' });
  expect(executionOf({ ...run })).toBe(executionOf(run));
});

test.each([
  ['WORKFLOW_EXECUTION_STATUS_RUNNING', 'RUNNING'],
  ['WORKFLOW_EXECUTION_STATUS_PAUSED', 'RUNNING'],
  ['WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW', 'RUNNING'],
  ['WORKFLOW_EXECUTION_STATUS_COMPLETED', 'SUCCEEDED'],
  ['WORKFLOW_EXECUTION_STATUS_FAILED', 'FAILED'],
  ['WORKFLOW_EXECUTION_STATUS_TIMED_OUT', 'FAILED'],
  ['WORKFLOW_EXECUTION_STATUS_CANCELED', 'ABORTED'],
  ['WORKFLOW_EXECUTION_STATUS_TERMINATED', 'ABORTED'],
] as const)('%s is %s', async (status, word) => {
  expect(await toTaskRun(row({ status: Status[status] }), mapping)).toMatchObject({
    status: word,
  });
});

test('a delayed run is pending until it is due', async () => {
  const due = new Date(Date.now() + HOUR);
  const executionTime = msNumberToTs(due.getTime());
  expect(await toTaskRun(row({ executionTime }), mapping)).toMatchObject({
    status: 'PENDING',
    scheduledFor: due,
    startedAt: null,
  });
  expect(await toTaskRun(row({ executionTime: at(500) }), mapping)).toMatchObject({
    status: 'RUNNING',
    scheduledFor: new Date(START + 500),
    startedAt: new Date(START + 500),
  });
});

test('an open run that says so is aborting, and a closed one is what it ended as', async () => {
  const searchAttributes = {
    indexedFields: encodeSearchAttributes({ TaskAbort: '2026-11-24T07:00:30.000Z' }),
  };
  const run = await toTaskRun(row({ searchAttributes }), mapping);
  expect(run.status).toBe('ABORTING');
  expect(executionOf(run)?.graceEndsAt).toEqual(new Date('2026-11-24T07:00:30.000Z'));
  const status = Status.WORKFLOW_EXECUTION_STATUS_COMPLETED;
  expect(await toTaskRun(row({ searchAttributes, status }), mapping)).toMatchObject({
    status: 'SUCCEEDED',
  });
});

test('a later iteration is as old as its chain, and was not delayed', async () => {
  const first = toRunFields({ name: 'Chain', actor: null, input: null });
  const memo = { ...first.memo.waymark, iteration: 3, createdAt: '2026-11-24T06:00:00.000Z' };
  const run = await toTaskRun(
    row(
      { executionTime: at(HOUR * 10_000) },
      { ...first, memo: { waymark: memo }, searchAttributes: { TaskIteration: 3 } },
    ),
    mapping,
  );
  expect(run).toMatchObject({
    iteration: 3,
    createdAt: new Date('2026-11-24T06:00:00.000Z'),
    startedAt: new Date('2026-11-24T06:00:00.000Z'),
    scheduledFor: null,
    status: 'RUNNING',
  });
});

test('a run that was started around the service has the name of its definition', async () => {
  const bare = { memo: null, searchAttributes: null };
  expect(await toTaskRun(row(bare), mapping)).toMatchObject({
    name: 'Walk steps',
    triggeredBy: null,
    tags: [],
    iteration: 1,
  });
  const foreign = { ...bare, type: { name: 'elsewhere' }, parentExecution: { workflowId: 'p' } };
  expect(await toTaskRun(row(foreign), mapping)).toMatchObject({ name: 'elsewhere', parent: 'p' });
});

test('a memo that cannot be read does not hide the run', async () => {
  const blind = { ...mapping, decode: () => Promise.reject(new Error('no key')) };
  expect(await toTaskRun(row(), blind)).toMatchObject({
    id: 'walk-1',
    name: 'Walk steps',
    triggeredBy: 'ada',
  });
});

const waiting = {
  state: PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED,
  attempt: 1,
};

test('a run that no worker has begun is pending', async () => {
  expect(
    await details({ workflowExecutionInfo: row(), pendingWorkflowTask: waiting }),
  ).toMatchObject({ status: 'PENDING', startedAt: null });
});

test.each([
  [
    'whose worker is at work',
    { state: PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED, attempt: 1 },
    {},
  ],
  ['whose code was tried before', { ...waiting, attempt: 2 }, {}],
  [
    'that a worker has answered before',
    waiting,
    { mostRecentWorkerVersionStamp: { buildId: 'x' } },
  ],
  ['with nothing to do', null, {}],
])('a run %s is running', async (_, pendingWorkflowTask, info) => {
  expect(await details({ workflowExecutionInfo: row(info), pendingWorkflowTask })).toMatchObject({
    status: 'RUNNING',
    startedAt: new Date(START),
  });
});

test('an abort that is recorded shows at once, and on a closed run only as asked', async () => {
  const workflowExtendedInfo = { cancelRequested: true };
  expect(
    await details({
      workflowExecutionInfo: row(),
      workflowExtendedInfo,
      pendingWorkflowTask: waiting,
    }),
  ).toMatchObject({ status: 'ABORTING', abortRequested: true, startedAt: null });
  const status = Status.WORKFLOW_EXECUTION_STATUS_COMPLETED;
  expect(
    await details({ workflowExecutionInfo: row({ status }), workflowExtendedInfo }),
  ).toMatchObject({ status: 'SUCCEEDED', abortRequested: true });
});

const envelope = (progress: Progress) => ({
  payloads: toPayloads(defaultPayloadConverter, { v: 1, segs: [], src: '1/1/1', progress }) ?? [],
});
const activity = (more: proto.api.workflow.v1.IPendingActivityInfo) => ({
  activityId: '1',
  activityType: { name: 'walk' },
  state: State.PENDING_ACTIVITY_STATE_STARTED,
  attempt: 1,
  maximumAttempts: 10,
  scheduledTime: at(10),
  lastStartedTime: at(20),
  ...more,
});

test('running activities are steps, oldest first, and their progress adds up', async () => {
  const run = await details({
    workflowExecutionInfo: row(),
    pendingActivities: [
      activity({
        activityId: '10',
        heartbeatDetails: envelope({ done: 1, total: 4, message: 'b' }),
      }),
      activity({
        activityId: '9',
        heartbeatDetails: envelope({ done: 2, total: 6, message: 'a' }),
      }),
      activity({ activityId: '11', activityType: { name: 'quiet' }, maximumAttempts: 0 }),
    ],
  });
  expect(run.steps.map(({ progress, maxAttempts }) => [progress?.message, maxAttempts])).toEqual([
    ['a', 10],
    ['b', 10],
    [undefined, null],
  ]);
  expect(run.steps.map(({ id }) => id)).toEqual(
    ['9', '10', '11'].map((activity) => `${run.id}/${run.iteration}/${activity}`),
  );
  expect(run.progress).toEqual({ done: 3, total: 10, message: 'b' });
  expect(run.steps[0]).toMatchObject({ state: 'RUNNING', since: new Date(START + 20) });
});

test('a failed activity backs off, and says why and until when', async () => {
  const nextAttemptScheduleTime = msNumberToTs(Date.now() + HOUR);
  const failed = activity({
    state: State.PENDING_ACTIVITY_STATE_SCHEDULED,
    attempt: 3,
    lastFailure: { message: 'disk full' },
    lastAttemptCompleteTime: at(50),
    nextAttemptScheduleTime,
  });
  const { steps } = await details({ workflowExecutionInfo: row(), pendingActivities: [failed] });
  expect(steps[0]).toMatchObject({
    state: 'BACKING_OFF',
    attempt: 3,
    since: new Date(START + 50),
    lastFailure: 'disk full',
  });
  expect(steps[0]?.nextAttemptAt?.getTime()).toBeGreaterThan(Date.now());
});

test.each([
  ['PENDING_ACTIVITY_STATE_SCHEDULED', 'SCHEDULED'],
  ['PENDING_ACTIVITY_STATE_CANCEL_REQUESTED', 'ABORTING'],
  ['PENDING_ACTIVITY_STATE_PAUSED', 'PAUSED'],
  ['PENDING_ACTIVITY_STATE_PAUSE_REQUESTED', 'PAUSED'],
] as const)('%s is %s', async (state, word) => {
  const pendingActivities = [activity({ state: State[state] })];
  const { steps } = await details({ workflowExecutionInfo: row(), pendingActivities });
  expect(steps[0]?.state).toBe(word);
});

test('a run that was ended from outside has no steps, and keeps what they reported', async () => {
  const heartbeatDetails = envelope({ done: 2, total: 6, message: 'a' });
  const run = await details({
    workflowExecutionInfo: row({ status: Status.WORKFLOW_EXECUTION_STATUS_TERMINATED }),
    pendingActivities: [activity({ heartbeatDetails })],
  });
  expect([run.steps, run.progress]).toEqual([[], null]);
  expect(executionOf(run)?.lastProgress).toMatchObject({ done: 2 });
});
