import type { Step, TaskRunDetails } from '../../contract/task-run.ts';
import { activitiesOf } from '../run/to-task-run.ts';
import { enums } from '../temporal/proto.ts';
import type { RunDescription } from '../temporal/proto.ts';
import { toDate } from '../temporal/to-date.ts';

/** What of a run lies in a task queue. */
export interface WaitingTask {
  readonly kind: 'workflow' | 'activity';
  /** The activity's. */
  readonly name: string | null;
  readonly taskQueue: string;
  readonly since: Date;
}

/**
 * A workflow task that no worker has taken in the run's task queue, else an activity: while another one is at work,
 * the run moves.
 */
export function waitingTaskOf(
  run: TaskRunDetails,
  description: RunDescription,
  taskQueue: string,
): WaitingTask | null {
  const { state, scheduledTime } = description.pendingWorkflowTask ?? {};
  const since = state === SCHEDULED ? toDate(scheduledTime) : null;
  if (since) return { kind: 'workflow', name: null, taskQueue, since };
  if (run.steps.some(isWorking)) return null;
  for (const [index, { activityOptions }] of activitiesOf(description).entries()) {
    const step = run.steps[index];
    if (step?.state !== 'SCHEDULED' || !step.since) continue;
    const { name } = activityOptions?.taskQueue ?? {};
    return { kind: 'activity', name: step.name, taskQueue: name || taskQueue, since: step.since };
  }
  return null;
}

export const isWorking = ({ state }: Step): boolean => state === 'RUNNING' || state === 'ABORTING';

const { PENDING_WORKFLOW_TASK_STATE_SCHEDULED: SCHEDULED } = enums.PendingWorkflowTaskState;
