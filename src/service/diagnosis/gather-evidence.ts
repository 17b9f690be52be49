import { enums } from '../temporal/proto.ts';
import type { RunDescription } from '../temporal/proto.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { toVersion } from '../temporal/to-version.ts';
import type { Workers } from '../temporal/workers.ts';
import type { DescribedRun } from '../run/describe-run.ts';
import type { Evidence } from './evidence.ts';
import type { TaskQueues } from './task-queues.ts';
import { waitingTaskOf } from './waiting-task.ts';
import { isWorkflowCodeFailing, readWorkflowTaskFailure } from './workflow-task-failure.ts';

export interface Gathering {
  readonly temporal: Temporal;
  readonly workers: Workers;
  readonly queues: TaskQueues;
  readonly tasks: object;
}

/** Looks at what may hold an open run up: its workers, and more only where something waits or fails. */
export async function gatherEvidence(
  { run, execution: { taskQueue: own, link, graceEndsAt }, description }: DescribedRun,
  { temporal, workers, queues, tasks }: Gathering,
): Promise<Evidence> {
  const waiting = waitingTaskOf(run, description, own);
  const taskQueue = waiting?.taskQueue ?? own;
  const now = Date.now();
  const stuck = waiting !== null && now - waiting.since.getTime() >= TAKEN_WITHIN;
  const [known, queue, failure] = await Promise.all([
    workers.of(taskQueue),
    stuck ? queues.of(waiting) : null,
    isWorkflowCodeFailing(description)
      ? readWorkflowTaskFailure(temporal, { id: run.id, link })
      : null,
  ]);
  return {
    run,
    description,
    waiting,
    taskQueue,
    workers: known,
    queue,
    // A run that is pinned to a version takes it to no other task queue.
    version:
      (taskQueue === own ? pinnedVersionOf(description) : null) ?? queue?.currentVersion ?? null,
    known: Object.hasOwn(tasks, run.definition),
    graceEndsAt,
    failure,
    now,
  };
}

/** Milliseconds in which a worker with a free slot has taken a task, on a busy machine too. */
const TAKEN_WITHIN = 2000;

function pinnedVersionOf({ workflowExecutionInfo }: RunDescription): string | null {
  const { versioningOverride, behavior, deploymentVersion } =
    workflowExecutionInfo?.versioningInfo ?? {};
  if (versioningOverride?.pinned) return toVersion(versioningOverride.pinned.version);
  const pinned = behavior === PINNED && !versioningOverride?.autoUpgrade;
  return pinned ? toVersion(deploymentVersion) : null;
}
const { VERSIONING_BEHAVIOR_PINNED: PINNED } = enums.VersioningBehavior;
