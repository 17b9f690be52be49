import { comparePositions } from '../../contract/rules/run-order.ts';
import type { Position } from './list-cursor.ts';
import { toListRows } from './list-row.ts';
import type { Chunk, ListRow } from './list-row.ts';
import { MAX_ROWS } from '../temporal/visibility.ts';
import type { ListedRows } from '../temporal/visibility.ts';

/** Closed runs whose close is before `to` (null: all), in the index's own order, latest close first. */
export type FetchFinished = (
  to: number | null,
  pageSize: number,
  after: Uint8Array | null,
) => Promise<ListedRows>;

/**
 * Exact pages by time of close, latest first. A run that closes meanwhile closes later than every run of the
 * pages before: it can neither shift them nor come twice.
 */
export async function lastFinishedFirst(
  fetch: FetchFinished,
  { first, after }: { readonly first: number; readonly after: Position | null },
): Promise<Chunk> {
  const to = typeof after?.key === 'number' ? after.key + 1 : null;
  const rows: ListRow[] = [];
  for (let size = first + RESERVE, token: Uint8Array | null = null; ; size = MAX_ROWS) {
    const page = await fetch(to, size, token);
    const listed = toListRows(page);
    rows.push(...listed.filter((row) => isAfter(row, after)));
    token = page.next;
    const end = rows[first]?.close;
    // The order within one moment is ours: its runs must all be here.
    if (token && (end === undefined || listed.at(-1)?.close === end)) continue;
    const ordered = rows.toSorted((a, b) => compare(finishedAt(a), finishedAt(b)));
    return {
      rows: ordered.slice(0, first),
      more: ordered.length > first,
      width: null,
      since: null,
    };
  }
}

/** The row of the cursor, one more than the page, and some that share a moment with them. */
const RESERVE = 5;

export const finishedAt = ({ close, start, id }: ListRow): Position => ({
  key: close,
  created: start,
  id,
});
const compare = (a: Position, b: Position): number => comparePositions(a, b, 'LAST_FINISHED_FIRST');
const isAfter = (row: ListRow, after: Position | null): boolean =>
  after === null || compare(finishedAt(row), after) > 0;
