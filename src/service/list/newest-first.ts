import { comparePositions } from '../../contract/rules/run-order.ts';
import { TaskError, TaskErrorCode } from '../../contract/task-error.ts';
import type { Position } from './list-cursor.ts';
import type { Chunk, ListRow } from './list-row.ts';
import { MAX_ROWS } from '../temporal/visibility.ts';

/** One statement of the index over the runs that started in [from, to); null is no bound. */
export type FetchSlice = (
  from: number | null,
  to: number | null,
  pageSize: number,
) => Promise<{ readonly rows: readonly ListRow[]; readonly more: boolean }>;

export interface NewestFirstRequest {
  readonly first: number;
  readonly after: Position | null;
  /** Where a slice that held the first page began: a hint, as `width` is. */
  readonly since?: number | undefined;
}

/**
 * Exact pages by start time, newest first, over an index that knows one order only: open runs by start, then
 * closed runs by close.
 *
 * Two facts make it exact and cheap. A page whose last row closed at T holds every run that started after T: such
 * a run is open or closed later. And a start time never changes, so slices of start time, each read by one
 * statement, neither repeat nor lose a run, whatever starts or closes meanwhile. Positions are whole
 * milliseconds and slices whole groups of them: stores differ in what they keep beyond.
 *
 * Runs start each second, run n at n s, and last 3 s, but 40 has been open all the time; it is 100 s. The page of 5:
 *
 * 1. No bounds, 15 rows. They come as 100, 99, 98, 40 (open), then 97 … 87 (closed, the last one at 90 s). Whatever
 *    started after 90 s is among them: 100 … 91 are certain, the page is 100 … 96. 40 is not shown yet: between it and
 *    91 may be others.
 * 2. The cursor says 96, and that some 6 s held as many runs. One bounded slice from 90.2 s up to 96 s has six rows, less
 *    than was asked for, so there are no others: the page is 95 … 91. Here that is just as many as it takes, and one
 *    more slice below tells that more runs follow; a page of 50 has some to spare and needs no second call.
 * 3. A slice that holds more than was asked for is cut as in 1, and a narrower one is read below.
 */
export async function newestFirst(
  fetch: FetchSlice,
  { first, after, since }: NewestFirstRequest,
): Promise<Chunk> {
  const slice = new Slice(after, { since, first });
  const rows: ListRow[] = [];
  for (let calls = 0; calls < MAX_CALLS; calls++) {
    const page = await fetch(slice.from, slice.to, slice.size);
    const fresh = page.rows.filter((row) => isAfter(row, after)).toSorted(newest);
    if (page.more) rows.push(...slice.cut(fresh, page.rows, first + 1 - rows.length));
    else {
      rows.push(...fresh);
      slice.step(fresh, rows);
    }
    if (rows.length > first || slice.done)
      return { rows: rows.slice(0, first), more: rows.length > first, ...slice.hints(rows) };
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
  readonly #first: number;

  constructor(
    after: Position | null,
    { since, first }: { readonly since: number | undefined; readonly first: number },
  ) {
    if (after === null) {
      this.to = null;
      this.from = since ?? null;
    } else {
      this.to = after.created + 1;
      this.from = after.width === undefined ? null : this.to - after.width;
    }
    this.#first = first;
    this.size = this.#rows();
  }

  /** A bounded slice rarely fills its page; an unbounded one always does, and every row costs. */
  #rows(): number {
    const first = this.#first;
    return this.from === null ? first + Math.max(10, first >> 2) : Math.max(2 * first, MIN_ROWS);
  }

  /** The slice was complete: goes on below it. */
  step(fresh: readonly ListRow[], rows: readonly ListRow[]): void {
    if (this.from === null) {
      this.done = true;
      return;
    }
    const missing = Math.max(0, this.#first + 1 - rows.length);
    // Nothing here: whatever is left may be far away.
    const width = fresh.length === 0 ? Infinity : widthOf(rows, this.from, missing + SPARE);
    this.to = this.from;
    this.#known = this.from;
    this.from = width < this.to ? this.to - width : null;
    this.size = this.#rows();
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
    else if (this.from !== null) {
      const end = this.to ?? (fresh[0]?.start ?? this.from) + 1;
      this.from = Math.ceil((this.from + end) / 2);
    }
    return certain;
  }

  /** What will probably hold the next page, and this one when it is asked for again. */
  hints(rows: readonly ListRow[]): Pick<Chunk, 'width' | 'since'> {
    const last = rows[Math.min(rows.length - 1, Math.ceil(this.#first * AGAIN))];
    if (this.#known === null || !last || rows.length <= this.#first)
      return { width: null, since: null };
    // The cursor's own millisecond is in the next slice again.
    const width = widthOf(rows, this.#known, this.#first * RESERVE) + 1;
    return { width, since: last.start };
  }
}

/** Milliseconds that hold so many runs if they come as these did, of which all are known since `known`. */
const widthOf = (rows: readonly ListRow[], known: number, wanted: number): number =>
  Math.ceil((((rows[0]?.start ?? known) + 1 - known) * wanted) / rows.length);

const MIN_ROWS = 25;
const MAX_CALLS = 40;
/** A slice that falls short costs one more call; one that is too wide, rows. */
const RESERVE = 1.15;
const SPARE = 10;
/** The same page again: its rows are known, only what was deleted since is missing. */
const AGAIN = 1.06;

const newest = (a: ListRow, b: ListRow): number => b.start - a.start || (a.id < b.id ? -1 : 1);
const isAfter = (row: ListRow, after: Position | null): boolean =>
  after === null || comparePositions(startedAt(row), after, 'NEWEST_FIRST') > 0;

export const startedAt = ({ start, id }: ListRow): Position => ({ key: start, created: start, id });
