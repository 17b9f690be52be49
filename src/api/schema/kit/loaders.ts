import { LIMITS } from '../../../contract/limits.ts';
import DataLoader from 'dataloader';
import { atMost } from '../../../tools/at-most.ts';
import { isClosed } from '../../../contract/task-run.ts';
import type {
  Diagnosis,
  Outcome,
  TaskRun,
  TaskRunDetails,
  Worker,
} from '../../../contract/task-run.ts';
import type { Timeline, TimelineRequest } from '../../../contract/timeline.ts';
import { TaskError } from '../../../contract/task-error.ts';
import type {
  LogPage,
  LogsRequest,
  RunCheckpoint,
  TaskRunOrder,
  Tasks,
} from '../../../contract/tasks.ts';
import { toConnection, toWholeConnection } from './connection.ts';
import type { Connection } from './connection.ts';

/** Calls to the service that one operation has under way at once. */
const CONCURRENCY = 10;
/** The most runs that one list call answers. */

/** Runs that name the same other run: its children, its reruns, or what goes on from it. */
export interface RelatedRequest {
  readonly by: 'parent' | 'rerunOf' | 'resumeOf';
  readonly id: string;
  readonly orderBy: TaskRunOrder;
  readonly first: number;
  readonly after: string | undefined;
}

/** What fields of runs cost, asked once for a run in each operation and together for a page. */
export class Loaders {
  readonly #tasks: Tasks;
  #loaders: ReturnType<typeof load> | undefined;

  constructor(tasks: Tasks) {
    this.#tasks = tasks;
  }

  get #now(): ReturnType<typeof load> {
    return (this.#loaders ??= load(this.#tasks));
  }

  /** What was loaded is of the past: for each change. */
  clear(): void {
    this.#loaders = undefined;
  }

  async details(run: TaskRun): Promise<TaskRunDetails> {
    return isDetailed(run) ? run : await this.#now.details.load(run);
  }

  async outcome(run: TaskRun): Promise<Outcome> {
    return await this.#now.outcome.load(run);
  }

  async input(run: TaskRun): Promise<unknown> {
    return await this.#now.input.load(run);
  }

  async checkpoint(run: TaskRun): Promise<RunCheckpoint | null> {
    return await this.#now.checkpoint.load(run);
  }

  /** Closed runs need no call: nothing keeps them from moving. */
  async diagnosis(run: TaskRun): Promise<Diagnosis | null> {
    return isClosed(run.status) ? null : await this.#now.diagnosis.load(run);
  }

  /** A run as it is now; null when Temporal no longer keeps it. */
  async get(id: string): Promise<TaskRunDetails | null> {
    return await this.#now.get.load(id);
  }

  /** A run that another one names, as lists show it; null when Temporal no longer keeps it. */
  async run(id: string): Promise<TaskRun | null> {
    return await this.#now.run.load(id);
  }

  async related(request: RelatedRequest): Promise<Connection> {
    return await this.#now.related.load(request);
  }

  /** A page of a run's log. */
  async logs(id: string, request: LogsRequest): Promise<LogPage> {
    return await this.#now.logs.load({ id, request });
  }

  /** What took time in a run. */
  async timeline(id: string, request: TimelineRequest): Promise<Timeline> {
    return await this.#now.timeline.load({ id, request });
  }

  async workers(): Promise<readonly Worker[]> {
    return await this.#now.workers.load('all');
  }
}

interface Asked<R> {
  readonly id: string;
  readonly request: R;
}

const isDetailed = (run: TaskRun): run is TaskRunDetails => 'steps' in run;

function load(tasks: Tasks) {
  const limit = atMost(CONCURRENCY);
  const each = <T>(ask: (run: TaskRun) => Promise<T>) =>
    new DataLoader<TaskRun, T, string>(
      async (runs) => await settle(runs, async (run) => await limit(async () => await ask(run))),
      // What is known of an open run says nothing of its end.
      { cacheKeyFn: ({ id, status }) => `${status} ${id}` },
    );
  /** What is asked for of a run in parts. */
  const part = <R, T>(ask: (id: string, request: R) => Promise<T>) =>
    new DataLoader<Asked<R>, T, string>(
      async (asked) =>
        await settle(
          asked,
          async ({ id, request }) => await limit(async () => await ask(id, request)),
        ),
      { cacheKeyFn: (asked) => JSON.stringify(asked) },
    );
  const get = new DataLoader<string, TaskRunDetails | null>(
    async (ids) =>
      await settle(ids, async (id) => await limit(async () => await orNull(tasks.get(id)))),
  );
  return {
    logs: part<LogsRequest, LogPage>(async (id, request) => await tasks.logs(id, request)),
    timeline: part<TimelineRequest, Timeline>(
      async (id, request) => await tasks.timeline(id, request),
    ),
    details: each(async ({ id }) => await tasks.get(id)),
    get,
    outcome: each(async (run) => await tasks.outcome(run)),
    input: each(async (run) => await tasks.input(run)),
    checkpoint: each(async (run) => await tasks.checkpoint(run)),
    diagnosis: each(async (run) => await tasks.diagnose(run)),
    workers: new DataLoader<'all', readonly Worker[]>(
      async (keys) => await settle(keys, async () => await tasks.workers()),
    ),
    run: new DataLoader<string, TaskRun | null>(
      async (ids) => {
        // One list call for many; it may not know the newest yet, and those are asked for by id.
        const listed =
          ids.length > 2 ? await tasks.list({ filter: { ids }, first: LIMITS.runs }) : null;
        const known = new Map(listed?.runs.map((run) => [run.id, run]));
        return await settle(ids, async (id) => known.get(id) ?? (await get.load(id)));
      },
      { maxBatchSize: LIMITS.runs },
    ),
    related: new DataLoader<RelatedRequest, Connection, string>(
      async (requests) => {
        const together = byKind(tasks, requests);
        return await settle(
          requests,
          async (request) =>
            (await together(request))?.(request) ??
            (await limit(async () => await loadAlone(tasks, request))),
        );
      },
      { maxBatchSize: LIMITS.runs, cacheKeyFn: (request) => JSON.stringify(request) },
    ),
  };
}

type Related = (request: RelatedRequest) => Connection;

/** The related runs of a whole page, one call for each kind: a document may ask for children and reruns at once. */
function byKind(
  tasks: Tasks,
  requests: readonly RelatedRequest[],
): (request: RelatedRequest) => Promise<Related | undefined> {
  const kinds = new Map<string, Promise<Related | undefined>>();
  return async (request) => {
    const kind = kindOf(request);
    const asked =
      kinds.get(kind) ??
      loadTogether(
        tasks,
        request,
        requests.filter((one) => kindOf(one) === kind).map(({ id }) => id),
      );
    kinds.set(kind, asked);
    return await asked;
  };
}

/** What comes after a cursor is of one run alone. */
const kindOf = ({ by, orderBy, after, id }: RelatedRequest): string =>
  after === undefined ? `${by} ${orderBy}` : `${by} ${orderBy} ${id} ${after}`;

/** The related runs of several runs in one call, when they fit into one answer; else undefined. */
async function loadTogether(
  tasks: Tasks,
  { by, orderBy, after }: RelatedRequest,
  ids: readonly string[],
): Promise<Related | undefined> {
  if (after !== undefined || ids.length < 2) return undefined;
  const { runs, hasNextPage } = await tasks.list({
    filter: { [by]: [...new Set(ids)] },
    orderBy,
    first: LIMITS.runs,
  });
  if (hasNextPage) return undefined;
  return (one) =>
    toWholeConnection(
      runs.filter((run) => run[by] === one.id),
      { ...toListRequest(one), tasks },
    );
}

const loadAlone = async (tasks: Tasks, request: RelatedRequest): Promise<Connection> =>
  await toConnection(tasks, toListRequest(request));

const toListRequest = ({ by, id, ...page }: RelatedRequest) => ({
  filter: { [by]: [id] },
  ...page,
});

/** Answers or errors in the order of the keys, as DataLoader takes them. */
const settle = async <K, T>(
  keys: readonly K[],
  ask: (key: K) => Promise<T>,
): Promise<(T | Error)[]> =>
  await Promise.all(
    keys.map(async (key) => {
      try {
        return await ask(key);
      } catch (error) {
        return error instanceof Error ? error : new Error(String(error));
      }
    }),
  );

async function orNull<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof TaskError && error.code === 'TASK_RUN_NOT_FOUND') return null;
    throw error;
  }
}
