import type {
  ListRequest,
  TaskRunCounts,
  TaskRunFilter,
  TaskRunListEvent,
  TaskRunPage,
} from '../../contract/tasks.ts';
import type { TaskRun } from '../../contract/task-run.ts';
import { OpenRuns } from '../../shares/open-runs.ts';
import { inTime } from '../temporal/in-time.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { Counts } from './counts.ts';
import { Cursors } from './list-cursor.ts';
import { LiveLists } from './live-lists.ts';
import { OwnWrites } from './own-writes.ts';
import type { LookAtRun } from './own-writes.ts';
import { Pages } from './pages.ts';
import { RecentWrites } from './recent-writes.ts';
import { RunIndex } from './run-index.ts';
import type { RunIndexOptions } from './run-index.ts';

export interface RunListsOptions extends RunIndexOptions {
  readonly temporal: Pick<Temporal, 'namespace' | 'decode'>;
  readonly describe: LookAtRun;
  /** Gateways that share it, and their namespace, read each other's cursors. */
  readonly cursorSecret?: string | undefined;
}

/** Lists and counts of runs, over Temporal's visibility alone. */
export class RunLists {
  readonly #deadline: number;
  readonly #writes = new RecentWrites();
  readonly #pages: Pages;
  readonly #counts: Counts;
  readonly #live: LiveLists;
  readonly #open: OpenRuns;

  constructor({ describe, cursorSecret, ...options }: RunListsOptions) {
    const { temporal, visibility } = options;
    const writes = this.#writes;
    const index = new RunIndex(options, writes);
    const own = new OwnWrites({ describe, writes });
    const cursors = new Cursors({ namespace: temporal.namespace, secret: cursorSecret });
    this.#deadline = visibility.deadline;
    this.#pages = new Pages({ index, own, cursors });
    this.#counts = new Counts(index);
    this.#open = new OpenRuns((tenant, before) => index.countOpen(tenant, before));
    this.#live = new LiveLists({ index, pages: this.#pages, own, writes });
  }

  /** A page of runs. Rejects with `INVALID_FILTER`, `INVALID_CURSOR`, `INVALID_ARGUMENT` or `TOO_MANY_TO_SORT`. */
  list(request: ListRequest = {}): Promise<TaskRunPage> {
    // Several calls can make one page: together they have the time of one.
    return inTime(this.#deadline, () => this.#pages.list(request));
  }

  count(filter: TaskRunFilter = {}): Promise<number> {
    return inTime(this.#deadline, () => this.#counts.count(filter));
  }

  counts(filter: TaskRunFilter = {}): Promise<TaskRunCounts> {
    return inTime(this.#deadline, () => this.#counts.counts(filter));
  }

  watchList(
    filter: TaskRunFilter = {},
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncIterableIterator<TaskRunListEvent> {
    return this.#live.watch(filter, signal);
  }

  /** Starts a run of a tenant that may have so many open; see `OpenRuns`. */
  startWithin: OpenRuns['start'] = (room, start) => this.#open.start(room, start);

  /** A run was started here: pages that should hold it do so from now on. */
  noteStarted(run: TaskRun): void {
    this.#writes.noteStarted(run);
  }

  /** An abort was recorded; give the run as closed when Temporal ended it at once. */
  noteAborting(run: TaskRun): void {
    this.#writes.noteAborting(run);
  }

  noteDeleted(id: string): void {
    this.#writes.noteDeleted(id);
  }

  /** Ends all live lists. */
  close(): void {
    this.#live.close();
  }
}
