import { msNumberToTs } from '@temporalio/common/lib/time.js';
import { temporal as proto } from '@temporalio/proto';
import { expect, test } from 'vitest';
import { waitingTaskOf } from '../../../src/service/diagnosis/waiting-task.ts';
import { toTaskRunDetails } from '../../../src/service/run/to-task-run.ts';
import type { RunDescription } from '../../../src/service/temporal/proto.ts';

const { PendingActivityState, PendingWorkflowTaskState } = proto.api.enums.v1;
const AT = Date.parse('2026-11-24T07:00:00.000Z');
const at = msNumberToTs(AT);

async function waitingOf(description: RunDescription) {
  const info = {
    workflowExecutionInfo: { type: { name: 'walk' }, taskQueue: 'queue', startTime: at },
    ...description,
  };
  const mapping = {
    definitions: new Map(),
    decode: async () => [],
    decodeFailure: async () => undefined,
  };
  return waitingTaskOf(await toTaskRunDetails(info, mapping), info, 'queue');
}
const activity = (
  state: proto.api.enums.v1.PendingActivityState,
  more: proto.api.workflow.v1.IPendingActivityInfo = {},
) => ({ activityType: { name: 'walk' }, state, scheduledTime: at, attempt: 1, ...more });
const { PENDING_ACTIVITY_STATE_SCHEDULED, PENDING_ACTIVITY_STATE_STARTED } = PendingActivityState;

const { PENDING_WORKFLOW_TASK_STATE_SCHEDULED, PENDING_WORKFLOW_TASK_STATE_STARTED } =
  PendingWorkflowTaskState;
const task = (state: proto.api.enums.v1.PendingWorkflowTaskState) =>
  waitingOf({ pendingWorkflowTask: { state, scheduledTime: at } });

test('a workflow task that nobody has taken waits in the queue of its run', async () => {
  expect(await task(PENDING_WORKFLOW_TASK_STATE_SCHEDULED)).toEqual({
    kind: 'workflow',
    name: null,
    taskQueue: 'queue',
    since: new Date(AT),
  });
  expect(await task(PENDING_WORKFLOW_TASK_STATE_STARTED)).toBeNull();
});

test('an activity waits in a queue of its own where it has one', async () => {
  const activityOptions = { taskQueue: { name: 'gpu' } };
  expect(
    await waitingOf({ pendingActivities: [activity(PENDING_ACTIVITY_STATE_SCHEDULED)] }),
  ).toMatchObject({ kind: 'activity', name: 'walk', taskQueue: 'queue' });
  expect(
    await waitingOf({
      pendingActivities: [activity(PENDING_ACTIVITY_STATE_SCHEDULED, { activityOptions })],
    }),
  ).toMatchObject({ taskQueue: 'gpu' });
});

test('a run of which one activity works does not wait with another', async () => {
  const pendingActivities = [
    activity(PENDING_ACTIVITY_STATE_SCHEDULED),
    activity(PENDING_ACTIVITY_STATE_STARTED),
  ];
  expect(await waitingOf({ pendingActivities })).toBeNull();
});

test('one that waits for its next attempt waits for no worker', async () => {
  const nextAttemptScheduleTime = msNumberToTs(Date.now() + 60_000);
  const pendingActivities = [
    activity(PENDING_ACTIVITY_STATE_SCHEDULED, { attempt: 2, nextAttemptScheduleTime }),
  ];
  expect(await waitingOf({ pendingActivities })).toBeNull();
});
