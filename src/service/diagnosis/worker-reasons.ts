import { DiagnosisCode, TaskRunStatus } from '../../contract/task-run.ts';
import type { Worker, WorkerSlots } from '../../contract/task-run.ts';
import { WORKER_HEARTBEAT } from '../../contract/wire/worker-heartbeat.ts';
import { diedYoung } from '../temporal/workers.ts';
import type { Evidence, Reason } from './evidence.ts';
import { isWithin, lastSign, latest } from './signs.ts';
import { isWorking } from './waiting-task.ts';
import type { WaitingTask } from './waiting-task.ts';

/** Nobody is there who could take the run on. */
export const noWorker: Reason = (evidence) => {
  const { run, workers, taskQueue, version, now } = evidence;
  if (present(evidence).length > 0) return null;
  // A worker that does not report itself, or has just started, shows by what it does.
  const fresh = workers.some(reports) ? WORKER_HEARTBEAT : MISSED;
  if (run.steps.some((step) => isWorking(step) && isWithin(fresh, lastSign(step), now)))
    return null;
  const able = workers.filter((worker) => canRun(worker, evidence));
  const dead = able.filter(diedYoung).length;
  const lastSeen = latest(able.map((worker) => worker.lastSeen));
  const of = version === null ? '' : ` of the version "${version}"`;
  return {
    code: DiagnosisCode.NoWorker,
    message:
      dead > 0
        ? `Workers${of} of the task queue "${taskQueue}" die within seconds of their start, ${dead} in the last minutes.`
        : lastSeen
          ? `No worker${of} has served the task queue "${taskQueue}" since ${lastSeen.toISOString()}.`
          : `No worker${of} serves the task queue "${taskQueue}".`,
    since: lastSeen,
    action: `${
      dead > 0
        ? 'See in the output of a worker what ends it, and start one that stays'
        : `Start a worker${of}`
    }${
      isAborting(evidence)
        ? ', which will carry out the abort, or terminate the run.'
        : ': the run will go on where it was.'
    }`,
  };
};

/** All workers are of some version, and Temporal was not told which of them takes runs. */
export const noCurrentVersion: Reason = ({ waiting, queue, version, workers, taskQueue }) => {
  if (!waiting || !queue?.versioned || version !== null) return null;
  const versions = new Set(workers.flatMap(({ online, version: of }) => (online && of) || []));
  const which = versions.size > 0 ? ` (${[...versions].slice(0, MOST_NAMED).join(', ')})` : '';
  return {
    code: DiagnosisCode.NoCurrentVersion,
    message: `The workers of the task queue "${taskQueue}" are versioned${which}, and no version is the current one.`,
    since: waiting.since,
    action: 'Make one current, with `temporal worker deployment set-current-version`.',
  };
};

/** Workers are there, and none takes it. */
export const waitingForSlot: Reason = (evidence) => {
  const { waiting, queue, taskQueue } = evidence;
  if (!waiting || !queue) return null;
  const workers = present(evidence);
  const slotsOf = SLOTS[waiting.kind];
  const full = workers.filter((worker) => slotsOf(worker)?.free === 0);
  const what = waiting.kind === 'workflow' ? 'The run' : `The activity ${waiting.name}`;
  const others = `some ${queue.waiting} tasks wait in the task queue "${taskQueue}"`;
  const aborted = isAborting(evidence) ? ', or terminate the run' : '';
  return full.length > 0 && full.length === workers.length
    ? {
        code: DiagnosisCode.WaitingForSlot,
        message: `${what} waits for a free slot: ${toFull(full, slotsOf)}, and ${others}.`,
        since: waiting.since,
        action: `Wait until one is free, or add workers${aborted}.`,
      }
    : {
        code: DiagnosisCode.WaitingForSlot,
        message: `${what} waits for a worker to take it: ${others}.`,
        since: waiting.since,
        action: `Wait, or add workers: those that are there are busy, or something blocks their process${aborted}.`,
      };
};

const SLOTS: Record<WaitingTask['kind'], (worker: Worker) => WorkerSlots | null> = {
  workflow: ({ workflowTaskSlots }) => workflowTaskSlots,
  activity: ({ activitySlots }) => activitySlots,
};

function toFull(
  workers: readonly Worker[],
  slotsOf: (worker: Worker) => WorkerSlots | null,
): string {
  const named = workers
    .slice(0, MOST_NAMED)
    .map((worker) => `${worker.pid}@${worker.host} has all of its ${slotsOf(worker)?.used} in use`);
  const more = workers.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` as have ${more} more` : ''}`;
}
const MOST_NAMED = 3;

/** Who may take the run on. */
const present = (evidence: Evidence): readonly Worker[] =>
  evidence.workers.filter(
    (worker) =>
      worker.online && canRun(worker, evidence) && (reports(worker) || !hasLeft(worker, evidence)),
  );

const canRun = ({ version }: Worker, { version: needed, queue }: Evidence): boolean =>
  needed === null || version === needed || (version !== null && version === queue?.rampingVersion);

/** As long as a worker's heartbeats may be missing. */
const MISSED = 3 * WORKER_HEARTBEAT;
const reports = ({ startedAt }: Worker): boolean => startedAt !== null;

/** It polled before there was a workflow task to take, and has not taken it. */
const hasLeft = ({ lastSeen }: Worker, { waiting, now }: Evidence): boolean =>
  waiting?.kind === 'workflow' &&
  lastSeen !== null &&
  lastSeen < waiting.since &&
  !isWithin(MISSED, waiting.since, now);

const isAborting = ({ run }: Evidence): boolean => run.status === TaskRunStatus.Aborting;
