import { setImmediate } from 'node:timers/promises';
import { matchesLine } from '../../contract/rules/matches-line.ts';
import type { LogFilter, LogPage } from '../../contract/tasks.ts';
import type { RunBatch } from './log-reader.ts';
import { fromCursor, toCursor } from './log-position.ts';
import type { LogPosition } from './log-position.ts';
import type { LineEvent } from './read-on.ts';

/** The last lines of a log, by one reading of it as far as it goes. No more of it is kept than is answered. */
export async function readLogEnd(
  id: string,
  { last, filter }: { readonly last: number; readonly filter: LogFilter | undefined },
  start: LogPosition,
  read: (position: LogPosition) => Promise<RunBatch | undefined>,
): Promise<LogPage> {
  const beginning = toCursor(id, start, new Set());
  /** The last of them comes before the first line of the page. */
  let found: LineEvent[] = [];
  let total = 0;
  let looked = 0;
  let position = start;
  let end: Pick<RunBatch, 'cursor' | 'onward'> = { cursor: beginning, onward: 'MORE' };
  while (looked < MOST_LOOKED) {
    const batch = await read(position);
    // The run went on in another link while it was looked at.
    if (!batch) break;
    const fitting = batch.lines.filter(({ line }) => matchesLine(line, filter));
    looked += batch.lines.length;
    total += fitting.length;
    found = [...found, ...fitting].slice(-last - 1);
    end = batch;
    if (batch.onward !== 'MORE') break;
    ({ position } = batch);
    // Others have their turn between the batches of a long log.
    await setImmediate();
  }
  const { cursor, onward } = end;
  const startCursor = found.at(-last - 1)?.cursor ?? beginning;
  const page = found.slice(-last);
  return {
    lines: page.map(({ line }) => line),
    cursors: page.map((event) => event.cursor),
    cursor,
    startCursor,
    hasEarlier: total > page.length,
    hasMore: onward === 'MORE',
    ended: onward === 'END',
    dropped: fromCursor(id, cursor).dropped - fromCursor(id, startCursor).dropped,
    total,
    hidden: looked - total,
  };
}

/** More lines than the log of a link may have; a page that stops there says that it has more. */
const MOST_LOOKED = 500_000;
