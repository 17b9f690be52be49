import { canonicalJson } from '../../tools/canonical-json.ts';
import { checkFirst } from '../../contract/rules/check-first.ts';
import { chosenFields, matchesFilter } from '../../contract/rules/run-filter.ts';
import { comparePositions, positionOf } from '../../contract/rules/run-order.ts';
import type { TaskDescription } from '../../contract/task-definition.ts';
import { TaskError, TaskErrorCode } from '../../contract/task-error.ts';
import type { TaskRun } from '../../contract/task-run.ts';
import { TaskRunOrder } from '../../contract/tasks.ts';
import type {
  ListRequest,
  TaskRunCounts,
  TaskRunFilter,
  TaskRunListEvent,
  TaskRunPage,
} from '../../contract/tasks.ts';
import { CountRuns } from './count-runs.ts';
import { Cursors } from './list-cursor.ts';
import type { Position } from './list-cursor.ts';
import { inTime } from '../temporal/in-time.ts';
import { finishedAt, lastFinishedFirst } from './last-finished-first.ts';
import { toListRows } from './list-row.ts';
import type { Chunk, ListRow } from './list-row.ts';
import { newestFirst, startedAt } from './newest-first.ts';
import type { Entry, Listed, OpenPage } from './open-page.ts';
import { OwnWrites } from './own-writes.ts';
import type { LookAtRun } from './own-writes.ts';
import { RecentWrites } from './recent-writes.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { toTaskRun } from '../run/to-task-run.ts';
import { finishedBefore, startedWithin, toVisibilityQuery } from './to-visibility-query.ts';
import type { QueryContext, VisibilityQuery } from './to-visibility-query.ts';
import { Kept } from '../../tools/kept.ts';
import { MAX_ROWS } from '../temporal/visibility.ts';
import type { Visibility } from '../temporal/visibility.ts';
import { WatchLists } from './watch-list.ts';

export interface RunListsOptions {
  readonly temporal: Pick<Temporal, 'namespace' | 'decode'>;
  readonly describe: LookAtRun;
  readonly visibility: Pick<Visibility, 'list' | 'count' | 'rate' | 'deadline'>;
  /** The catalogue, by definition id. */
  readonly definitions: ReadonlyMap<string, Pick<TaskDescription, 'title'>>;
  /** Lists what else is in the namespace too. */
  readonly wholeNamespace?: boolean | undefined;
  /** Gateways that share it, and their namespace, read each other's cursors. */
  readonly cursorSecret?: string | undefined;
}

/** Lists and counts of runs, over Temporal's visibility alone. */
export class RunLists {
  readonly #temporal: RunListsOptions['temporal'];
  readonly #visibility: RunListsOptions['visibility'];
  readonly #definitions: RunListsOptions['definitions'];
  readonly #titles: ReadonlyMap<string, string>;
  readonly #wholeNamespace: boolean;
  readonly #cursors: Cursors;
  readonly #counts: CountRuns;
  readonly #writes = new RecentWrites();
  readonly #own: OwnWrites;
  readonly #watched: WatchLists;
  readonly #pages = new Kept<OpenPage>({ ttl: 0 });
  /** Where the slice of start time began that held the first page of a filter. */
  readonly #since = new Kept<number | null>({ most: 500 });

  constructor({
    temporal,
    describe,
    visibility,
    definitions,
    wholeNamespace = false,
    cursorSecret,
  }: RunListsOptions) {
    this.#temporal = temporal;
    this.#visibility = visibility;
    this.#definitions = definitions;
    this.#wholeNamespace = wholeNamespace;
    this.#titles = new Map([...definitions].map(([id, { title }]) => [id, title]));
    this.#cursors = new Cursors({ namespace: temporal.namespace, secret: cursorSecret });
    this.#own = new OwnWrites({ describe, writes: this.#writes });
    this.#counts = new CountRuns({
      visibility,
      compile: (filter) => this.#compile(filter),
      context: () => this.#context(),
      toRun: (row) => this.#toRun(row),
    });
    this.#watched = new WatchLists({
      rate: visibility.rate,
      onWrite: (listener) => this.#writes.onWrite(listener),
      read: async (filter, first) => {
        const listed = this.#listed({ filter, first });
        const page = await this.#page(listed);
        return async () => {
          const { entries } = await this.#own.over(page, listed);
          return entries.map(({ run }) => run);
        };
      },
    });
  }

  /** A page of runs. Rejects with `INVALID_FILTER`, `INVALID_CURSOR`, `INVALID_ARGUMENT` or `TOO_MANY_TO_SORT`. */
  async list(request: ListRequest = {}): Promise<TaskRunPage> {
    const listed = this.#listed(request);
    const key = canonicalJson([listed.signature, listed.orderBy, listed.first, listed.after]);
    // Several calls can make one page: together they have the time of one.
    const { entries, end, more } = await inTime(this.#visibility.deadline, async () =>
      this.#own.over(await this.#pages.load(key, () => this.#page(listed)), listed),
    );
    return {
      runs: entries.map(({ run }) => run),
      cursors: entries.map(({ position }) => this.#cursors.write(position, listed)),
      endCursor: end && this.#cursors.write(end, listed),
      hasNextPage: more,
    };
  }

  count(filter: TaskRunFilter = {}): Promise<number> {
    return inTime(this.#visibility.deadline, () => this.#counts.count(filter, signatureOf(filter)));
  }

  counts(filter: TaskRunFilter = {}): Promise<TaskRunCounts> {
    return inTime(this.#visibility.deadline, () =>
      this.#counts.counts(filter, signatureOf(filter)),
    );
  }

  watchList(
    filter: TaskRunFilter = {},
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncIterableIterator<TaskRunListEvent> {
    this.#compile(filter);
    return this.#watched.watch(filter, signatureOf(filter), signal);
  }

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
    this.#watched.close();
  }

  #listed({ filter = {}, orderBy = 'NEWEST_FIRST', first = 50, after }: ListRequest): Listed {
    if (!ORDERS.has(orderBy))
      throw invalid(`Expected \`orderBy\` to be one of ${[...ORDERS].join(', ')}, got ${orderBy}.`);
    checkFirst(first, MAX_PAGE);
    const query = this.#compile(filter);
    const signature = signatureOf(filter);
    const position = after === undefined ? null : this.#cursors.read(after, { signature, orderBy });
    return { filter, query, orderBy, first, after: position, signature };
  }

  #context(): QueryContext {
    return { now: new Date(), titles: this.#titles, wholeNamespace: this.#wholeNamespace };
  }

  #compile(filter: TaskRunFilter): VisibilityQuery {
    return toVisibilityQuery(filter, this.#context());
  }

  async #page(listed: Listed): Promise<OpenPage> {
    const readAt = Date.now();
    const { text } = listed.query;
    if (text === null) return { readAt, entries: [], end: null, more: false };
    return { readAt, ...(await this.#inOrder(listed, text)) };
  }

  #inOrder(listed: Listed, text: string): Promise<Omit<OpenPage, 'readAt'>> {
    if (listed.orderBy === 'NEWEST_FIRST')
      return this.#walk(listed, startedAt, (first, after) =>
        this.#newestFirst(listed, text, first, after),
      );
    if (listed.orderBy === 'LAST_FINISHED_FIRST')
      return this.#walk(listed, finishedAt, (first, after) =>
        lastFinishedFirst(
          (to, size, token) => this.#visibility.list(finishedBefore(text, to), size, token),
          { first, after },
        ),
      );
    return this.#sorted(listed, text);
  }

  async #newestFirst(
    { signature }: Listed,
    text: string,
    first: number,
    after: Position | null,
  ): Promise<Chunk> {
    const key = `${first}\n${signature}`;
    const chunk = await newestFirst(
      async (from, to, size) => {
        const page = await this.#visibility.list(startedWithin(text, from, to), size);
        return { rows: toListRows(page), more: page.next !== null };
      },
      { first, after, since: this.#since.get(key) ?? undefined },
    );
    if (after === null) this.#since.set(key, chunk.since);
    return chunk;
  }

  /** Takes ordered rows until the page is full, or enough of them were looked at. */
  async #walk(
    { query, first, after }: Listed,
    position: (row: ListRow) => Position,
    next: (first: number, after: Position | null) => Promise<Chunk>,
  ): Promise<Omit<OpenPage, 'readAt'>> {
    const sifts = query.countable === 'NOT';
    const entries: Entry[] = [];
    let end = after;
    for (let looked = 0; ;) {
      const missing = first + (sifts ? 1 : 0) - entries.length;
      // As many rows as held so many runs until now.
      const size = looked === 0 ? missing : (missing * looked) / Math.max(entries.length, 0.1);
      const chunk = await next(Math.min(Math.ceil(size), MAX_CHUNK, MAX_SCAN - looked), end);
      const hint = chunk.width === null ? {} : { width: chunk.width };
      for (const { row, run } of await this.#admitted(chunk.rows, query)) {
        if (run && entries.length === first) return { entries, end, more: true };
        end = { ...position(row), ...hint };
        if (run) entries.push({ run, position: end });
      }
      looked += chunk.rows.length;
      if (!chunk.more) return { entries, end, more: false };
      // Where rows are dropped here, only another match proves that there is a next page.
      if ((entries.length === first && !sifts) || looked >= MAX_SCAN)
        return { entries, end, more: true };
    }
  }

  async #sorted(
    { query, orderBy, first, after }: Listed,
    text: string,
  ): Promise<Omit<OpenPage, 'readAt'>> {
    const rows = await this.#counts.all(
      orderBy === 'FIRST_FINISHED_FIRST' ? finishedBefore(text, null) : text,
      `be ordered by ${orderBy}: narrow the filter, or order by NEWEST_FIRST or LAST_FINISHED_FIRST, which have no limit`,
    );
    const entries = (await this.#admitted(rows, query))
      .flatMap(({ run }) => (run ? [{ run, position: positionOf(run, orderBy) }] : []))
      .filter(({ position }) => !after || comparePositions(position, after, orderBy) > 0)
      .toSorted((a, b) => comparePositions(a.position, b.position, orderBy));
    const page = entries.slice(0, first);
    return { entries: page, end: page.at(-1)?.position ?? after, more: entries.length > first };
  }

  /** Rows as runs; null for those that are gone or that the filter leaves out after all. */
  #admitted(
    rows: readonly ListRow[],
    { rest }: VisibilityQuery,
  ): Promise<readonly { readonly row: ListRow; readonly run: TaskRun | null }[]> {
    return Promise.all(
      rows.map(async (row) => {
        const run = await this.#toRun(row);
        return { row, run: run && matchesFilter(run, rest) ? run : null };
      }),
    );
  }

  async #toRun({ info }: ListRow): Promise<TaskRun | null> {
    const run = await toTaskRun(info, {
      definitions: this.#definitions,
      decode: this.#temporal.decode,
    });
    return this.#writes.update(run);
  }
}

const ORDERS: ReadonlySet<string> = new Set(Object.values(TaskRunOrder));
const MAX_PAGE = 100;
/** Rows that one page looks at when a predicate drops most of them. */
const MAX_SCAN = MAX_ROWS;
/** Rows of one chunk: twice as many are read for it at worst. */
const MAX_CHUNK = 500;

/** Equal for filters that mean the same. */
function signatureOf(filter: TaskRunFilter): string {
  const fields = chosenFields(filter).map((field) => {
    const value = field === 'where' ? filter.where?.signature : filter[field];
    return [field, Array.isArray(value) ? value.map(String).toSorted(byText) : value];
  });
  return canonicalJson(Object.fromEntries(fields));
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const invalid = (message: string): TaskError =>
  new TaskError(TaskErrorCode.InvalidArgument, message);
