import { DiagnosisCode, TaskRunStatus, isClosed } from '../../contract/task-run.ts';
import type { Diagnosis, Step, TaskRunDetails, Worker } from '../../contract/task-run.ts';
import { WORKER_HEARTBEAT } from '../../contract/wire/worker-heartbeat.ts';
import { enums } from '../temporal/proto.ts';
import { toDate } from '../temporal/to-date.ts';
import { activitiesOf } from './to-task-run.ts';
import type { RunDescription } from '../temporal/proto.ts';
import { diedYoung } from '../temporal/workers.ts';
import { isWorkflowCodeFailing } from './workflow-task-failure.ts';
import type { WorkflowTaskFailure } from './workflow-task-failure.ts';

/** All that is looked at to say why a run does not move. */
export interface Evidence {
  readonly run: TaskRunDetails;
  readonly description: RunDescription;
  /** Of the run's task queue. */
  readonly workers: readonly Worker[];
  readonly taskQueue: string;
  /** The catalogue has the run's definition. */
  readonly known: boolean;
  /** When an aborted run is abandoned, once a worker has said so. */
  readonly graceEndsAt: Date | null;
  /** Why its workflow code fails, if it does and somebody looked. */
  readonly failure: WorkflowTaskFailure | null;
  readonly now: number;
}

/** Why a run does not move, the first reason that applies; null when it does or is closed. */
export function diagnose(evidence: Evidence): Diagnosis | null {
  if (isClosed(evidence.run.status)) return null;
  for (const reason of REASONS) {
    const diagnosis = reason(evidence);
    if (diagnosis) return diagnosis;
  }
  return null;
}

type Reason = (evidence: Evidence) => Diagnosis | null;

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

const noWorker: Reason = ({ run, description, workers, taskQueue, now }) => {
  const waits = waitsSince(description);
  const isThere = (worker: Worker): boolean =>
    worker.online && (reports(worker) || !hasLeft(worker, waits, now));
  if (workers.some(isThere)) return null;
  // A worker that does not report itself, or has just started, shows by what it does.
  const fresh = workers.some(reports) ? WORKER_HEARTBEAT : MISSED;
  if (run.steps.some((step) => isWorking(step) && isWithin(fresh, lastSign(step), now)))
    return null;
  const dead = workers.filter(diedYoung).length;
  const lastSeen = latest(workers.map((worker) => worker.lastSeen));
  return {
    code: DiagnosisCode.NoWorker,
    message:
      dead > 0
        ? `Workers of the task queue "${taskQueue}" die within seconds of their start, ${dead} in the last minutes.`
        : lastSeen
          ? `No worker has served the task queue "${taskQueue}" since ${lastSeen.toISOString()}.`
          : `No worker serves the task queue "${taskQueue}".`,
    since: lastSeen,
    action: toStartOne({ crashing: dead > 0, aborting: run.status === TaskRunStatus.Aborting }),
  };
};
/** As long as a worker's heartbeats may be missing. */
const MISSED = 3 * WORKER_HEARTBEAT;
const reports = ({ startedAt }: Worker): boolean => startedAt !== null;

/** It polled before there was something to take, and has not taken it. */
const hasLeft = ({ lastSeen }: Worker, waits: Date | null, now: number): boolean =>
  waits !== null && lastSeen !== null && lastSeen < waits && !isWithin(MISSED, waits, now);

function toStartOne({
  crashing,
  aborting,
}: {
  readonly crashing: boolean;
  readonly aborting: boolean;
}): string {
  const start = crashing
    ? 'See in the output of a worker what ends it, and start one that stays'
    : 'Start a worker';
  return aborting
    ? `${start}, which will carry out the abort, or terminate the run.`
    : `${start}: the run will go on where it was.`;
}

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
    const limit = Number(activityOptions?.heartbeatTimeout?.seconds ?? 0) * 1000;
    const step = run.steps[index];
    const last = step && lastSign(step);
    if (!step || !last || limit === 0 || !isWorking(step)) continue;
    if (now - last.getTime() <= limit / 2) continue;
    return {
      code: DiagnosisCode.HeartbeatLate,
      message: `The activity ${step.name} has not been heard of since ${last.toISOString()}.`,
      since: last,
      action: `Wait: after ${limit / 1000} s of silence another attempt starts. If this comes again, look for a worker that crashes or a loop that blocks it.`,
    };
  }
  return null;
};

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
  workflowCodeFailing,
  aborting,
  pausedStep,
  retrying,
  heartbeatLate,
  waitingForChild,
  waitingForTimer,
];

const isPaused = ({ workflowExecutionInfo }: RunDescription): boolean =>
  workflowExecutionInfo?.status === enums.WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED;

/** When its workflow task was put in the queue, if no worker has taken it. */
const waitsSince = ({ pendingWorkflowTask }: RunDescription): Date | null =>
  pendingWorkflowTask?.state === SCHEDULED ? toDate(pendingWorkflowTask.scheduledTime) : null;
const { PENDING_WORKFLOW_TASK_STATE_SCHEDULED: SCHEDULED } = enums.PendingWorkflowTaskState;

const isWorking = ({ state }: Step): boolean => state === 'RUNNING' || state === 'ABORTING';
const lastSign = (step: Step): Date | null => latest([step.lastHeartbeat, step.since]);
const isWithin = (limit: number, time: Date | null, now: number): boolean =>
  time !== null && now - time.getTime() < limit;

const latest = (times: readonly (Date | null)[]): Date | null =>
  times.reduce((last, time) => (time && (!last || time > last) ? time : last), null);
const sentence = (text: string): string => `${text.replace(/[.\s]+$/, '')}.`;
