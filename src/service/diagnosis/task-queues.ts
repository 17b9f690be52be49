import { Kept } from '../../tools/kept.ts';
import { enums } from '../temporal/proto.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { toVersion } from '../temporal/to-version.ts';
import type { WaitingTask } from './waiting-task.ts';

/** What lies in a task queue, and for whom. */
export interface TaskQueueState {
  /** Tasks of this kind that wait, about: Temporal looks every few seconds. */
  readonly waiting: number;
  /** The worker deployment version that executes runs which are not pinned to one. */
  readonly currentVersion: string | null;
  /** The one that executes some of them. */
  readonly rampingVersion: string | null;
  /** Somebody polls, and all who do are versioned. */
  readonly versioned: boolean;
}

/** What lies in task queues, asked at most every two seconds however many want to know. */
export class TaskQueues {
  readonly #temporal: Temporal;
  readonly #known = new Kept<TaskQueueState>({ most: MOST_QUEUES, ttl: FRESH });

  constructor(temporal: Temporal) {
    this.#temporal = temporal;
  }

  of({ taskQueue, kind }: Pick<WaitingTask, 'taskQueue' | 'kind'>): Promise<TaskQueueState> {
    return this.#known.load(`${kind} ${taskQueue}`, () => this.#ask(taskQueue, kind));
  }

  async #ask(name: string, kind: WaitingTask['kind']): Promise<TaskQueueState> {
    const { stats, versioningInfo, pollers } = await this.#temporal.ask((service) =>
      service.describeTaskQueue({
        namespace: this.#temporal.namespace,
        taskQueue: { name },
        taskQueueType: TYPE[kind],
        reportStats: true,
      }),
    );
    const modes = pollers.map(({ deploymentOptions }) => deploymentOptions);
    return {
      waiting: Number(stats?.approximateBacklogCount ?? 0),
      currentVersion: toVersion(versioningInfo?.currentDeploymentVersion),
      rampingVersion: toVersion(versioningInfo?.rampingDeploymentVersion),
      versioned:
        modes.length > 0 && modes.every((mode) => mode?.workerVersioningMode === VERSIONED),
    };
  }
}

const FRESH = 2000;
const MOST_QUEUES = 20;
const { WORKER_VERSIONING_MODE_VERSIONED: VERSIONED } = enums.WorkerVersioningMode;
const { TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY } = enums.TaskQueueType;
const TYPE = { workflow: TASK_QUEUE_TYPE_WORKFLOW, activity: TASK_QUEUE_TYPE_ACTIVITY } as const;
