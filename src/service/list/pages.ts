import { checkFirst } from '../../contract/rules/check-first.ts';
import { comparePositions, positionOf } from '../../contract/rules/run-order.ts';
import { TaskError, TaskErrorCode } from '../../contract/task-error.ts';
import { TaskRunOrder } from '../../contract/tasks.ts';
import type { ListRequest, TaskRunFilter, TaskRunPage } from '../../contract/tasks.ts';
import { canonicalJson } from '../../tools/canonical-json.ts';
import { Kept } from '../../tools/kept.ts';
import { MAX_ROWS } from '../temporal/visibility.ts';
import { filterSignature } from './filter-signature.ts';
import { finishedAt, lastFinishedFirst } from './last-finished-first.ts';
import type { Cursors, Position } from './list-cursor.ts';
import { toListRows } from './list-row.ts';
import type { Chunk, ListRow } from './list-row.ts';
import { newestFirst, startedAt } from './newest-first.ts';
import type { Entry, Listed, OpenPage } from './open-page.ts';
import type { OwnWrites } from './own-writes.ts';
import type { RunIndex } from './run-index.ts';
import { finishedBefore, startedWithin } from './to-visibility-query.ts';

export interface PagesOptions {
  readonly index: RunIndex;
  readonly own: OwnWrites;
  readonly cursors: Cursors;
}

/** Exact pages in every order, one reading for all who ask for the same page meanwhile. */
export class Pages {
  readonly #index: RunIndex;
  readonly #own: OwnWrites;
  readonly #cursors: Cursors;
  readonly #reading = new Kept<OpenPage>({ ttl: 0 });
  /** Where the slice of start time began that held the first page of a filter. */
  readonly #since = new Kept<number | null>({ most: 500 });

  constructor({ index, own, cursors }: PagesOptions) {
    this.#index = index;
    this.#own = own;
    this.#cursors = cursors;
  }

  /** The page with this process's own writes, and a cursor for each of its runs. */
  async list(request: ListRequest): Promise<TaskRunPage> {
    const listed = this.#listed(request);
    const key = canonicalJson([listed.signature, listed.orderBy, listed.first, listed.after]);
    const page = await this.#reading.load(key, () => this.#read(listed));
    const { entries, end, more } = await this.#own.over(page);
    return {
      runs: entries.map(({ run }) => run),
      cursors: entries.map(({ position }) => this.#cursors.write(position, listed)),
      endCursor: end && this.#cursors.write(end, listed),
      hasNextPage: more,
    };
  }

  /** The newest runs as the index has them. */
  async newest(filter: TaskRunFilter, first: number): Promise<OpenPage> {
    return this.#read(this.#listed({ filter, first }));
  }

  #listed({ filter = {}, orderBy = 'NEWEST_FIRST', first = 50, after }: ListRequest): Listed {
    if (!ORDERS.has(orderBy))
      throw invalid(`Expected \`orderBy\` to be one of ${[...ORDERS].join(', ')}, got ${orderBy}.`);
    checkFirst(first, MAX_PAGE);
    const query = this.#index.compile(filter);
    const signature = filterSignature(filter);
    const position = after === undefined ? null : this.#cursors.read(after, { signature, orderBy });
    return { filter, query, orderBy, first, after: position, signature };
  }

  async #read(listed: Listed): Promise<OpenPage> {
    const readAt = Date.now();
    const { text } = listed.query;
    const read = text === null ? NOTHING : await this.#inOrder(listed, text);
    return { listed, readAt, ...read };
  }

  #inOrder(listed: Listed, text: string): Promise<Read> {
    if (listed.orderBy === 'NEWEST_FIRST')
      return this.#walk(listed, startedAt, (first, after) =>
        this.#newestFirst(listed, text, first, after),
      );
    if (listed.orderBy === 'LAST_FINISHED_FIRST')
      return this.#walk(listed, finishedAt, (first, after) =>
        lastFinishedFirst(
          (to, size, token) => this.#index.visibility.list(finishedBefore(text, to), size, token),
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
        const page = await this.#index.visibility.list(startedWithin(text, from, to), size);
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
  ): Promise<Read> {
    const sifts = query.countable === 'NOT';
    const entries: Entry[] = [];
    let end = after;
    for (let looked = 0; ;) {
      const missing = first + (sifts ? 1 : 0) - entries.length;
      // As many rows as held so many runs until now.
      const size = looked === 0 ? missing : (missing * looked) / Math.max(entries.length, 0.1);
      const chunk = await next(Math.min(Math.ceil(size), MAX_CHUNK, MAX_SCAN - looked), end);
      const hint = chunk.width === null ? {} : { width: chunk.width };
      for (const { row, run } of await this.#index.admitted(chunk.rows, query)) {
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

  async #sorted({ query, orderBy, first, after }: Listed, text: string): Promise<Read> {
    const rows = await this.#index.all(
      orderBy === 'FIRST_FINISHED_FIRST' ? finishedBefore(text, null) : text,
      `be ordered by ${orderBy}: narrow the filter, or order by NEWEST_FIRST or LAST_FINISHED_FIRST, which have no limit`,
    );
    const entries = (await this.#index.admitted(rows, query))
      .flatMap(({ run }) => (run ? [{ run, position: positionOf(run, orderBy) }] : []))
      .filter(({ position }) => !after || comparePositions(position, after, orderBy) > 0)
      .toSorted((a, b) => comparePositions(a.position, b.position, orderBy));
    const page = entries.slice(0, first);
    return { entries: page, end: page.at(-1)?.position ?? after, more: entries.length > first };
  }
}

type Read = Omit<OpenPage, 'listed' | 'readAt'>;
const NOTHING: Read = { entries: [], end: null, more: false };

const ORDERS: ReadonlySet<string> = new Set(Object.values(TaskRunOrder));
const MAX_PAGE = 100;
/** Rows that one page looks at when a predicate drops most of them. */
const MAX_SCAN = MAX_ROWS;
/** Rows of one chunk: twice as many are read for it at worst. */
const MAX_CHUNK = 500;

const invalid = (message: string): TaskError =>
  new TaskError(TaskErrorCode.InvalidArgument, message);
