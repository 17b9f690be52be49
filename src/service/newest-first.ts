import { comparePositions } from '../definition/run-order.ts';
import { TaskError, TaskErrorCode } from '../definition/task-error.ts';
import type { Position } from './cursor.ts';
import type { Chunk, ListRow } from './list-row.ts';
import { MAX_ROWS } from './visibility.ts';

/** One statement of the index over the runs that started in [from, to); null is no bound. */
export type FetchSlice = (
  from: number | null,
  to: number | null,
  pageSize: number,
) => Promise<{ readonly rows: readonly ListRow[]; readonly more: boolean }>;

export interface NewestFirstRequest {
  readonly first: number;
  readonly after: Position | null;
  /** Milliseconds of start time that may hold the first page. */
  readonly width?: number | undefined;
}

/**
 * Exact pages by start time, newest first, over an index that knows one order only: open runs by start, then
 * closed runs by close.
 *
 * Two facts make it exact and cheap. A page whose last row closed at T holds every run that started after T: such
 * a run is open or closed later. And a start time never changes, so slices of start time, each read by one
 * statement, neither repeat nor lose a run, whatever starts or closes meanwhile. Positions are whole
 * milliseconds and slices whole groups of them: stores differ in what they keep beyond.
 */
export async function newestFirst(
  fetch: FetchSlice,
  { first, after, width }: NewestFirstRequest,
): Promise<Chunk> {
  const slice = new Slice(after, after?.width ?? width, first);
  const rows: ListRow[] = [];
  for (let calls = 0; calls < MAX_CALLS; calls++) {
    const page = await fetch(slice.from, slice.to, slice.size);
    const fresh = page.rows.filter((row) => isAfter(row, after)).toSorted(newest);
    const missing = first + 1 - rows.length;
    rows.push(...(page.more ? slice.cut(fresh, page.rows, missing) : slice.step(fresh, missing)));
    if (rows.length > first || slice.done)
      return {
        rows: rows.slice(0, first),
        more: rows.length > first,
        width: slice.covered(rows, first),
      };
  }
  throw new TaskError(
    TaskErrorCode.TooManyToSort,
    'Too many runs started in the same moment to be listed: narrow the filter.',
  );
}

/** What is asked next, and how far the answer is complete. */
class Slice {
  from: number | null;
  to: number | null;
  size: number;
  done = false;
  /** Everything since is known. */
  #known: number | null = null;
  readonly #top: number | null;
  readonly #first: number;

  constructor(after: Position | null, width: number | undefined, first: number) {
    this.to = after === null ? null : after.created + 1;
    this.from = width === undefined ? null : this.#end - width;
    this.#top = this.to;
    this.#first = first;
    this.size = this.#rows();
  }

  get #end(): number {
    return this.to ?? Date.now();
  }

  /** A bounded slice rarely fills its page; an unbounded one always does, and every row costs. */
  #rows(): number {
    const first = this.#first;
    return this.from === null ? first + Math.max(10, first >> 2) : Math.max(2 * first, MIN_ROWS);
  }

  /** The slice was complete: goes on below it. */
  step(fresh: readonly ListRow[], missing: number): readonly ListRow[] {
    if (this.from === null) this.done = true;
    else {
      const span = (this.#top ?? Date.now()) - this.from;
      const have = this.#first + 1 - missing + fresh.length;
      const lack = Math.max(0, missing - fresh.length);
      // Nothing here: whatever is left may be far away.
      const width =
        fresh.length === 0 ? Infinity : Math.ceil(((span * (lack + 5)) / have) * RESERVE);
      this.to = this.from;
      this.#known = this.from;
      this.from = width < this.to ? this.to - width : null;
      this.size = this.#rows();
    }
    return fresh;
  }

  /** There is more in the slice than came: keeps what is certain, and takes a narrower slice below it. */
  cut(fresh: readonly ListRow[], seen: readonly ListRow[], missing: number): readonly ListRow[] {
    const closed = seen.at(-1)?.close ?? null;
    const certain = closed === null ? [] : fresh.filter(({ start }) => start > closed);
    if (closed !== null && (this.to === null || closed + 1 < this.to)) {
      this.to = closed + 1;
      this.#known = this.to;
    }
    const open = fresh.slice(certain.length);
    const from = open[Math.min(Math.max(0, missing - certain.length), open.length >> 1)]?.start;
    if (from !== undefined && (this.from === null || from > this.from)) {
      this.from = from;
      this.size = Math.max(this.size, this.#rows());
    } else if (this.size < MAX_ROWS) this.size = MAX_ROWS;
    else this.from = this.from === null ? null : Math.ceil((this.from + this.#end) / 2);
    return certain;
  }

  /** How wide a slice probably holds the next page, from what this one held. */
  covered(rows: readonly ListRow[], first: number): number | null {
    if (this.#known === null || rows.length === 0) return null;
    const span = (this.#top ?? Math.max(Date.now(), rows[0]?.start ?? 0)) - this.#known;
    return Math.max(1, Math.ceil((span * first * RESERVE) / rows.length));
  }
}

const MIN_ROWS = 25;
const MAX_CALLS = 40;
/** A slice that falls short costs one more call; one that is too wide, rows. */
const RESERVE = 1.3;

const newest = (a: ListRow, b: ListRow): number => b.start - a.start || (a.id < b.id ? -1 : 1);
const isAfter = (row: ListRow, after: Position | null): boolean =>
  after === null || comparePositions(startedAt(row), after, 'NEWEST_FIRST') > 0;

export const startedAt = ({ start, id }: ListRow): Position => ({ key: start, created: start, id });
