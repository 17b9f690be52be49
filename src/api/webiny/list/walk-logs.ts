import { TaskError } from '../../../contract/task-error.ts';
import type { Tasks } from '../../../contract/tasks.ts';
import { ContractError } from '../contract-error.ts';
import { encodeCursor } from './list-token.ts';
import type { LogRecord, LogSource } from './log-records.ts';
import { type ListPage, MAX_LOGS } from './paging.ts';

const MAX_COUNTED = 1000;

/**
 * One page of the records of all runs, the newest run first and the last iteration of each first. It is short when
 * the operation may read no more.
 */
export async function walkLogs(
  source: LogSource,
  {
    size: asked,
    from,
    counted,
  }: { readonly size: number; readonly from: string | null; readonly counted: boolean },
): Promise<ListPage<LogRecord>> {
  const size = Math.min(asked, MAX_LOGS);
  const items: LogRecord[] = [];
  let next: Position | null = null;
  let hasMoreItems = false;
  try {
    for await (const { record, position } of recordsFrom(source, toPosition(from), size)) {
      hasMoreItems = items.length === size;
      if (hasMoreItems) break;
      items.push(record);
      next = position;
    }
  } catch (error) {
    if (items.length === 0 || !isSpent(error)) throw error;
    hasMoreItems = true;
  }
  const known = !counted || (from === null && !hasMoreItems);
  return {
    items,
    meta: {
      cursor: hasMoreItems ? encodeCursor(JSON.stringify(next)) : null,
      hasMoreItems,
      totalCount: known ? items.length : await countRecords(source.tasks),
    },
  };
}

/** The operation has used up what it may. */
const isSpent = (error: unknown): boolean =>
  error instanceof TaskError && (error.code === 'LIMIT_EXCEEDED' || error.code === 'TIMEOUT');

/** Of several that are awaited one after the other, none may be rejected meanwhile. */
const orError = <T>(answer: Promise<T>): Promise<T | Error> =>
  answer.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));

/** Behind one record. */
interface Position {
  /** The service's cursor of the run before. */
  readonly after?: string | undefined;
  readonly run?: string | undefined;
  readonly iteration?: number | undefined;
}

async function* recordsFrom(
  { tasks, records }: LogSource,
  { after: start, run: begun, iteration: last = 0 }: Position,
  size: number,
): AsyncGenerator<{ readonly record: LogRecord; readonly position: Position }, void> {
  let after = start;
  for (;;) {
    const page = await tasks.list({ first: Math.min(100, size + 1), after });
    const read = page.runs.map((run) => orError(records(run)));
    for (const [index, found] of read.entries()) {
      const own = await found;
      if (own instanceof Error) throw own;
      for (const record of own.toReversed()) {
        const { run, iteration } = record;
        if (run.id === begun && iteration >= last) continue;
        yield { record, position: { after, run: run.id, iteration } };
      }
      after = page.cursors[index];
    }
    after = page.endCursor ?? undefined;
    if (!page.hasNextPage || after === undefined) return;
  }
}

function toPosition(from: string | null): Position {
  try {
    const position: unknown = JSON.parse(from ?? '{}');
    const { after, run, iteration }: Readonly<Record<string, unknown>> =
      typeof position === 'object' && position !== null ? { ...position } : {};
    return {
      ...(typeof after === 'string' && { after }),
      ...(typeof run === 'string' && { run }),
      ...(typeof iteration === 'number' && { iteration }),
    };
  } catch {
    return {};
  }
}

/** One record for each iteration that there was. */
async function countRecords(tasks: Tasks): Promise<number> {
  let count = 0;
  let after: string | undefined;
  for (let looked = 0; ;) {
    const page = await tasks.list({ first: 100, after });
    for (const { iteration } of page.runs) count += iteration;
    looked += page.runs.length;
    if (!page.hasNextPage) return count;
    if (looked >= MAX_COUNTED)
      throw new ContractError(
        'LIST_ENTRIES_ERROR',
        `The records of more than ${MAX_COUNTED} runs are not counted: leave out \`totalCount\`, or name the runs with \`task\` or \`task_in\`.`,
        { max: MAX_COUNTED },
      );
    after = page.endCursor ?? undefined;
  }
}
