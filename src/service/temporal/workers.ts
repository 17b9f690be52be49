import { tsToMs } from '@temporalio/common/lib/time.js';
import type { temporal as proto } from '@temporalio/proto';
import type { Worker, WorkerSlots } from '../../contract/task-run.ts';
import { Kept } from '../../tools/kept.ts';
import { FIRST_SIGN, WORKER_HEARTBEAT } from '../../contract/wire/worker-heartbeat.ts';
import { enums } from './proto.ts';
import type { Temporal } from './temporal.ts';
import { toDate } from './to-date.ts';
import { hasCode } from './grpc.ts';
import { toVersion } from './to-version.ts';
import { GrpcCode } from '../../tools/grpc-code.ts';

type Heartbeat = proto.api.worker.v1.IWorkerHeartbeat;
type WorkerInfo = proto.api.worker.v1.IWorkerInfo;
const { WorkerStatus } = enums;
const { TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY } = enums.TaskQueueType;
const { WORKER_VERSIONING_MODE_VERSIONED: VERSIONED } = enums.WorkerVersioningMode;

/** Who serves which task queue, asked at most every two seconds however many want to know. */
export class Workers {
  readonly #temporal: Temporal;
  readonly #known = new Kept<readonly Worker[]>({ most: MOST_QUEUES, ttl: FRESH });

  constructor(temporal: Temporal) {
    this.#temporal = temporal;
  }

  /** Online ones first. */
  of(taskQueue: string): Promise<readonly Worker[]> {
    return this.#known.load(taskQueue, () => this.#ask(taskQueue));
  }

  async #ask(taskQueue: string): Promise<readonly Worker[]> {
    const heartbeats = await this.#heartbeats(taskQueue);
    const workers = toWorkers(heartbeats, Date.now());
    if (workers[0]?.online) return workers;
    return [...(await this.#silent(taskQueue, heartbeats)), ...workers];
  }

  async #heartbeats(taskQueue: string): Promise<readonly Heartbeat[]> {
    const heartbeats: Heartbeat[] = [];
    let nextPageToken: Uint8Array | undefined;
    do {
      const page = await this.#page(taskQueue, nextPageToken);
      heartbeats.push(...page.workersInfo.flatMap(({ workerHeartbeat }) => workerHeartbeat ?? []));
      ({ nextPageToken } = page);
    } while (nextPageToken && nextPageToken.length > 0);
    return heartbeats.filter((heartbeat) => heartbeat.taskQueue === taskQueue);
  }

  #page(
    taskQueue: string,
    nextPageToken: Uint8Array | undefined,
  ): Promise<{ readonly workersInfo: readonly WorkerInfo[]; readonly nextPageToken?: Uint8Array }> {
    return this.#temporal.ask((service) =>
      service
        .listWorkers({
          namespace: this.#temporal.namespace,
          pageSize: PAGE,
          ...(nextPageToken && { nextPageToken }),
          // A name that could end the literal is looked for here instead.
          ...(PLAIN.test(taskQueue) && { query: `TaskQueue = '${taskQueue}'` }),
        })
        .catch((error: unknown) => {
          // A Temporal that does not know this call yet still tells who polls.
          if (hasCode(error, GrpcCode.Unimplemented)) return { workersInfo: [] };
          throw error;
        }),
    );
  }

  /** Workers known by their polls alone: some never report themselves. */
  async #silent(taskQueue: string, reported: readonly Heartbeat[]): Promise<readonly Worker[]> {
    const pollers = await Promise.all(
      [TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY].map((taskQueueType) =>
        this.#temporal.ask((service) =>
          service.describeTaskQueue({
            namespace: this.#temporal.namespace,
            taskQueue: { name: taskQueue },
            taskQueueType,
          }),
        ),
      ),
    );
    // Polls of a worker that was killed stay for minutes: whoever has reported itself is not believed by them.
    const known = new Set(reported.map(({ workerIdentity }) => workerIdentity));
    const since = Date.now() - LONGEST_POLL;
    const workers = new Map<string, Worker>();
    for (const { identity, lastAccessTime, deploymentOptions } of pollers.flatMap(
      (of) => of.pollers,
    )) {
      const lastSeen = toDate(lastAccessTime);
      if (!identity || known.has(identity) || !lastSeen || lastSeen.getTime() < since) continue;
      if ((workers.get(identity)?.lastSeen ?? new Date(0)) >= lastSeen) continue;
      const version =
        deploymentOptions?.workerVersioningMode === VERSIONED ? toVersion(deploymentOptions) : null;
      workers.set(identity, toSilentWorker(identity, { taskQueue, lastSeen, version }));
    }
    return [...workers.values()];
  }
}

const FRESH = 2000;
/** Temporal answers a poll after a minute, with nothing. */
const LONGEST_POLL = 75_000;
const MOST_QUEUES = 20;
/** Workers of one call. */
const PAGE = 200;
const PLAIN = /^[^'"`\\\p{Cc}]+$/u;

/** Online ones first, those without hope last. */
function toWorkers(heartbeats: readonly Heartbeat[], now: number): readonly Worker[] {
  const workers = heartbeats
    .filter((heartbeat) => !isOutdated(heartbeat, heartbeats))
    .filter((heartbeat) => !hasEnded(heartbeat, now))
    .map((heartbeat) => toWorker(heartbeat, now));
  const doubtful = workers.some(diedYoung);
  return workers
    .map((worker) => (doubtful && worker.online && isYoung(worker) ? inDoubt(worker) : worker))
    .toSorted((one, other) => ORDER.indexOf(one.status) - ORDER.indexOf(other.status));
}
const ORDER: readonly Worker['status'][] = ['RUNNING', 'STARTING', 'SHUTTING_DOWN', 'LOST'];

/** It was asked to, and did. */
function hasEnded({ status, heartbeatTime }: Heartbeat, now: number): boolean {
  if (status === WorkerStatus.WORKER_STATUS_SHUTDOWN) return true;
  return (
    status === WorkerStatus.WORKER_STATUS_SHUTTING_DOWN && now - timeOf(heartbeatTime) >= NOTICED
  );
}

/** A first sign that its worker has followed up by its own heartbeats. */
function isOutdated(
  { workerInstanceKey, workerIdentity, startTime }: Heartbeat,
  heartbeats: readonly Heartbeat[],
): boolean {
  if (!workerInstanceKey?.startsWith(FIRST_SIGN)) return false;
  return heartbeats.some(
    (other) =>
      other.workerIdentity === workerIdentity &&
      !other.workerInstanceKey?.startsWith(FIRST_SIGN) &&
      timeOf(other.heartbeatTime) >= timeOf(startTime),
  );
}
const timeOf = (time: Heartbeat['startTime']): number => toDate(time)?.getTime() ?? 0;

/** It has not lived for longer than it takes to notice a death. */
const isYoung = ({ startedAt, lastSeen }: Worker): boolean =>
  startedAt !== null && lastSeen !== null && lastSeen.getTime() - startedAt.getTime() < NOTICED;
/** Killed within seconds of its start: as it seems, so will the next. Temporal forgets it after five minutes. */
export const diedYoung = (worker: Worker): boolean => worker.status === 'LOST' && isYoung(worker);
const inDoubt = (worker: Worker): Worker => ({ ...worker, online: false, status: 'STARTING' });
const NOTICED = 3 * WORKER_HEARTBEAT;

/** A killed worker stays `RUNNING` in Temporal's list; only its heartbeats tell. */
export function toWorker(heartbeat: Heartbeat, now: number): Worker {
  const lastSeen = toDate(heartbeat.heartbeatTime);
  const lost = lastSeen === null || now - lastSeen.getTime() >= 3 * paceOf(heartbeat, lastSeen);
  const running = heartbeat.status === WorkerStatus.WORKER_STATUS_RUNNING;
  return {
    id: heartbeat.workerInstanceKey ?? '',
    identity: heartbeat.workerIdentity ?? '',
    host: heartbeat.hostInfo?.hostName ?? '',
    pid: heartbeat.hostInfo?.processId ?? '',
    taskQueue: heartbeat.taskQueue ?? '',
    online: running && !lost,
    status: lost ? 'LOST' : running ? 'RUNNING' : 'SHUTTING_DOWN',
    startedAt: toDate(heartbeat.startTime),
    lastSeen,
    sdkVersion: heartbeat.sdkVersion ?? '',
    version: toVersion(heartbeat.deploymentVersion),
    activitySlots: toSlots(heartbeat.activityTaskSlotsInfo),
    workflowTaskSlots: toSlots(heartbeat.workflowTaskSlotsInfo),
  };
}

const toSlots = (
  slots: proto.api.worker.v1.IWorkerSlotsInfo | null | undefined,
): WorkerSlots | null =>
  slots
    ? {
        used: slots.currentUsedSlots ?? 0,
        free: slots.slotSupplierKind === 'Fixed' ? (slots.currentAvailableSlots ?? 0) : null,
      }
    : null;

/** Milliseconds between two heartbeats, as this worker has shown them: a Temporal worker that is not ours has a pace of its own. */
function paceOf({ elapsedSinceLastHeartbeat, startTime }: Heartbeat, lastSeen: Date): number {
  const shown = elapsedSinceLastHeartbeat
    ? tsToMs(elapsedSinceLastHeartbeat)
    : lastSeen.getTime() - (toDate(startTime) ?? lastSeen).getTime();
  // One that is late by less than a heartbeat has no other pace; one that slept has none beyond Temporal's slowest.
  return shown < 2 * WORKER_HEARTBEAT ? WORKER_HEARTBEAT : Math.min(shown, SLOWEST);
}
const SLOWEST = 60_000;

/** Temporal's workers call themselves `<pid>@<host>`. */
function toSilentWorker(
  identity: string,
  seen: Pick<Worker, 'taskQueue' | 'lastSeen' | 'version'>,
): Worker {
  const [pid = '', host = ''] = identity.split('@');
  return {
    id: identity,
    identity,
    host,
    pid,
    online: true,
    status: 'RUNNING',
    startedAt: null,
    sdkVersion: '',
    activitySlots: null,
    workflowTaskSlots: null,
    ...seen,
  };
}
