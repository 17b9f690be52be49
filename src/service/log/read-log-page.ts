import { setImmediate } from 'node:timers/promises';
import { matchesLine } from '../../contract/rules/matches-line.ts';
import type { LogPage, LogsRequest } from '../../contract/tasks.ts';
import type { RunBatch } from './log-reader.ts';
import { fromCursor, toCursor } from './log-position.ts';
import type { LogPosition } from './log-position.ts';
import type { LineEvent } from './read-on.ts';

/** One page of a log. A filter that finds little gives a short page, with more to be read. */
export async function readLogPage(
  id: string,
  { filter, first = 100 }: LogsRequest,
  start: LogPosition,
  read: (position: LogPosition) => Promise<RunBatch | undefined>,
): Promise<LogPage> {
  const found: LineEvent[] = [];
  let looked = 0;
  for (let position = start; ;) {
    const batch = await read(position);
    // The run went on in another link while it was looked at.
    if (!batch) return page({ cursor: toCursor(id, position, new Set()), onward: 'MORE' });
    for (const event of batch.lines) {
      looked++;
      if (!matchesLine(event.line, filter)) continue;
      found.push(event);
      if (found.length < first) continue;
      const isLast = event === batch.lines.at(-1);
      return isLast ? page(batch) : page({ ...batch, cursor: event.cursor, onward: 'MORE' });
    }
    if (batch.onward !== 'MORE' || looked >= MOST_LOOKED) return page(batch);
    ({ position } = batch);
    await setImmediate();
  }

  function page({ cursor, onward }: Pick<RunBatch, 'cursor' | 'onward'>): LogPage {
    return {
      lines: found.map(({ line }) => line),
      cursors: found.map(({ cursor }) => cursor),
      cursor,
      startCursor: toCursor(id, start, new Set()),
      hasEarlier: start.offset > 0 || start.life > 0 || start.sources.size > 0,
      hasMore: onward === 'MORE',
      ended: onward === 'END',
      dropped: fromCursor(id, cursor).dropped - start.dropped,
      total: null,
      hidden: null,
    };
  }
}

/** Lines that one call looks at; it bounds the time that a filter may take. */
const MOST_LOOKED = 20_000;
