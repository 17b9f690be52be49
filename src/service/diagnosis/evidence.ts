import type { Diagnosis, TaskRunDetails, Worker } from '../../contract/task-run.ts';
import type { RunDescription } from '../temporal/proto.ts';
import type { TaskQueueState } from './task-queues.ts';
import type { WaitingTask } from './waiting-task.ts';
import type { WorkflowTaskFailure } from './workflow-task-failure.ts';

/** All that is looked at to say why a run does not move. */
export interface Evidence {
  readonly run: TaskRunDetails;
  readonly description: RunDescription;
  /** What no worker has taken yet. */
  readonly waiting: WaitingTask | null;
  /** Where it waits, else where the run goes on. */
  readonly taskQueue: string;
  /** Of that task queue. */
  readonly workers: readonly Worker[];
  /** Of that task queue, looked at if something has waited there for longer than a worker needs to take it. */
  readonly queue: TaskQueueState | null;
  /** The worker deployment version that alone may execute what comes next; null when any may, or nobody looked. */
  readonly version: string | null;
  /** The catalogue has the run's definition. */
  readonly known: boolean;
  /** When an aborted run is abandoned, once a worker has said so. */
  readonly graceEndsAt: Date | null;
  /** Why its workflow code fails, if it does and somebody looked. */
  readonly failure: WorkflowTaskFailure | null;
  readonly now: number;
}

/** A reason for a run not to move; null where it does not apply. */
export type Reason = (evidence: Evidence) => Diagnosis | null;
