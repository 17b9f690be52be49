import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import { DiagnosisCode, TaskRunStatus, isClosed } from '../../contract/task-run.ts';
import type { Diagnosis } from '../../contract/task-run.ts';
import { activitiesOf } from '../run/to-task-run.ts';
import { enums } from '../temporal/proto.ts';
import type { RunDescription } from '../temporal/proto.ts';
import { toDate } from '../temporal/to-date.ts';
import type { Evidence, Reason } from './evidence.ts';
import { lastSign } from './signs.ts';
import { isWorking } from './waiting-task.ts';
import { noCurrentVersion, noWorker, waitingForSlot } from './worker-reasons.ts';
import { isWorkflowCodeFailing } from './workflow-task-failure.ts';

/** Why a run does not move, the first reason that applies; null when it does or is closed. */
export function diagnose(evidence: Evidence): Diagnosis | null {
  if (isClosed(evidence.run.status)) return null;
  for (const reason of REASONS) {
    const diagnosis = reason(evidence);
    if (diagnosis) return diagnosis;
  }
  return null;
}

const paused: Reason = ({ run, description }) => {
  const { pauseInfo } = description.workflowExtendedInfo ?? {};
  if (!isPaused(description)) return null;
  const by = pauseInfo?.identity ? ` by ${pauseInfo.identity}` : '';
  const why = pauseInfo?.reason ? `: ${pauseInfo.reason}` : '';
  return {
    code: DiagnosisCode.Paused,
    message: sentence(`The run is paused${by}${why}`),
    since: toDate(pauseInfo?.pausedTime),
    action:
      run.status === TaskRunStatus.Aborting
        ? 'Unpause it in Temporal Web UI or with `temporal workflow unpause`, which will carry out the abort, or terminate the run.'
        : 'Unpause it in Temporal Web UI or with `temporal workflow unpause`.',
  };
};

const delayed: Reason = ({ run, now }) => {
  const { scheduledFor, status } = run;
  if (status !== TaskRunStatus.Pending || !scheduledFor || scheduledFor.getTime() <= now)
    return null;
  return {
    code: DiagnosisCode.Delayed,
    message: `The run was delayed and is due at ${scheduledFor.toISOString()}.`,
    since: run.createdAt,
    action: 'Wait, or abort it and trigger it again without a delay.',
  };
};

const unknownDefinition: Reason = ({ run, known }) =>
  known
    ? null
    : {
        code: DiagnosisCode.UnknownDefinition,
        message: `There is no task definition "${run.definition}" any more.`,
        since: null,
        action: `Deploy a worker that has the definition "${run.definition}", or terminate the run.`,
      };

const workflowCodeFailing: Reason = ({ run, description, failure }) => {
  if (!isWorkflowCodeFailing(description)) return null;
  const { attempt, originalScheduledTime } = description.pendingWorkflowTask ?? {};
  // One that gave no answer once may have died with its worker.
  if (failure?.message === null && attempt === 2) return null;
  const why = failure?.message ? `: ${failure.message.slice(0, MOST_OF_A_MESSAGE)}` : '';
  return {
    code: DiagnosisCode.WorkflowCodeFailing,
    message: sentence(
      `The workflow code of "${run.definition}" fails again and again, attempt ${attempt}${why}`,
    ),
    since: failure?.since ?? toDate(originalScheduledTime),
    action:
      'Deploy code that runs: its next attempt goes on with it. Or terminate the run. The stack is in its history in Temporal Web UI.',
  };
};
const MOST_OF_A_MESSAGE = 1000;

const aborting: Reason = ({ run, graceEndsAt }) =>
  run.status === TaskRunStatus.Aborting
    ? {
        code: DiagnosisCode.Aborting,
        message: graceEndsAt
          ? `The run was asked to stop and is abandoned at ${graceEndsAt.toISOString()} if it has not.`
          : 'The run was asked to stop.',
        since: null,
        action: 'Wait until it has stopped, or terminate it.',
      }
    : null;

const pausedStep: Reason = ({ run }) => {
  const step = run.steps.find(({ state }) => state === 'PAUSED');
  if (!step) return null;
  return {
    code: DiagnosisCode.Paused,
    message: `The activity ${step.name} is paused.`,
    since: step.since,
    action: 'Unpause it in Temporal Web UI or with `temporal activity unpause`.',
  };
};

const retrying: Reason = ({ run }) => {
  const step = run.steps.find(
    ({ state, attempt }) => state === 'BACKING_OFF' || (state === 'SCHEDULED' && attempt > 1),
  );
  if (!step) return null;
  const { name, attempt, maxAttempts, nextAttemptAt, lastFailure, since } = step;
  const of = maxAttempts === null ? '' : ` of ${maxAttempts}`;
  const next = nextAttemptAt
    ? `is tried again at ${nextAttemptAt.toISOString()}`
    : 'waits for a worker to try it again';
  return {
    code: DiagnosisCode.Retrying,
    message: sentence(
      `The activity ${name} failed and ${next}, attempt ${attempt}${of}${lastFailure ? `: ${lastFailure}` : ''}`,
    ),
    since,
    action: 'Mend the cause before its attempts are used up, or abort the run.',
  };
};

const heartbeatLate: Reason = ({ run, description, now }) => {
  for (const [index, { activityOptions }] of activitiesOf(description).entries()) {
    const limit = optionalTsToMs(activityOptions?.heartbeatTimeout) ?? 0;
    const step = run.steps[index];
    const last = step && lastSign(step);
    if (!step || !last || limit === 0 || !isWorking(step)) continue;
    if (now - last.getTime() <= limit * LATE) continue;
    return {
      code: DiagnosisCode.HeartbeatLate,
      message: `The activity ${step.name} has not been heard of since ${last.toISOString()}.`,
      since: last,
      action: `Wait: after ${limit / 1000} s of silence another attempt starts. If this comes again, look for a worker that crashes or a loop that blocks it.`,
    };
  }
  return null;
};

/** The share of its time-out that must pass: one keep-alive that comes late is no silence. */
const LATE = 2 / 3;

const waitingForChild: Reason = ({ run, description }) => {
  const [child] = description.pendingChildren ?? [];
  if (!child || run.steps.length > 0) return null;
  const more = (description.pendingChildren?.length ?? 1) - 1;
  return {
    code: DiagnosisCode.WaitingForChild,
    message: `The run waits for its child run ${child.workflowId}${more > 0 ? ` and ${more} more` : ''}.`,
    since: null,
    action: `Look at run ${child.workflowId}.`,
  };
};

const waitingForTimer: Reason = ({ run, description }) => {
  // Between two iterations of a quick chain Temporal lets a second pass: the next one has nothing but its start event.
  if (Number(description.workflowExecutionInfo?.historyLength) === 1) return null;
  const idle =
    run.status === TaskRunStatus.Running &&
    run.steps.length === 0 &&
    (description.pendingChildren ?? []).length === 0 &&
    (description.pendingNexusOperations ?? []).length === 0 &&
    !description.pendingWorkflowTask;
  return idle
    ? {
        code: DiagnosisCode.WaitingForTimer,
        message: 'The run has no activity to wait for: it waits for a timer or a signal.',
        since: null,
        action: 'Wait, or see the open timer in Temporal Web UI.',
      }
    : null;
};

const REASONS: readonly Reason[] = [
  paused,
  delayed,
  unknownDefinition,
  noWorker,
  noCurrentVersion,
  workflowCodeFailing,
  waitingForSlot,
  aborting,
  pausedStep,
  retrying,
  heartbeatLate,
  waitingForChild,
  waitingForTimer,
];

const isPaused = ({ workflowExecutionInfo }: RunDescription): boolean =>
  workflowExecutionInfo?.status === enums.WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED;

const sentence = (text: string): string => `${text.replace(/[.\s]+$/, '')}.`;
