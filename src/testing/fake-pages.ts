import { LIMITS } from '../contract/limits.ts';
import { checkFirst } from '../contract/rules/check-first.ts';
import { matchesFilter } from '../contract/rules/run-filter.ts';
import { matchesLine } from '../contract/rules/matches-line.ts';
import type { LogLine } from '../contract/wire/run-log.ts';
import { comparePositions, positionOf } from '../contract/rules/run-order.ts';
import type { RunPosition } from '../contract/rules/run-order.ts';
import { TaskError } from '../contract/task-error.ts';
import type { TaskRun } from '../contract/task-run.ts';
import type {
  ListRequest,
  LogPage,
  LogsRequest,
  TaskRunFilter,
  TaskRunOrder,
  TaskRunPage,
} from '../contract/tasks.ts';
import type { FakeCursors } from './fake-cursors.ts';
import type { FakeRun } from './fake-run.ts';

const ANY_SIZE: ReadonlySet<TaskRunOrder> = new Set(['NEWEST_FIRST', 'LAST_FINISHED_FIRST']);

export function listPage(
  rows: readonly TaskRun[],
  { filter = {}, orderBy = 'NEWEST_FIRST', first = 50, after }: ListRequest,
  cursors: FakeCursors<RunPosition>,
): TaskRunPage {
  checkFirst(first, LIMITS.runs);
  const purpose = JSON.stringify([orderBy, filter.where?.signature, { ...filter, where: null }]);
  const start = after === undefined ? null : cursors.read(purpose, after);
  const { where, ...indexed } = filter;
  const sorted = rows
    .filter((row) => matchesFilter(row, indexed) && !(byFinish(orderBy) && !row.finishedAt))
    .map((run) => ({ run, position: positionOf(run, orderBy) }))
    .toSorted((a, b) => comparePositions(a.position, b.position, orderBy));
  if (sorted.length > LIMITS.sorted && !ANY_SIZE.has(orderBy)) throw tooMany();
  const rest = sorted.filter(
    ({ position }) => !start || comparePositions(position, start, orderBy) > 0,
  );
  const page: typeof rest = [];
  let looked = 0;
  for (const row of where ? rest.slice(0, LIMITS.scanned) : rest) {
    if (page.length === first) break;
    looked++;
    if (where?.test(row.run) ?? true) page.push(row);
  }
  const last = rest[looked - 1];
  return {
    runs: page.map(({ run }) => run),
    cursors: page.map(({ position }) => cursors.write(purpose, position)),
    endCursor: last ? cursors.write(purpose, last.position) : null,
    hasNextPage: looked < rest.length,
  };
}

/** Throws where the service could not count either. */
export function countable(rows: readonly TaskRun[], filter: TaskRunFilter): readonly TaskRun[] {
  const { where, ...indexed } = filter;
  const matches = rows.filter((row) => matchesFilter(row, indexed));
  if (where && matches.length > LIMITS.scanned) throw tooMany();
  return where ? matches.filter((row) => where.test(row)) : matches;
}

export function logPage(
  run: FakeRun,
  { after, filter = {}, first = 100, last }: LogsRequest,
  cursors: FakeCursors<number>,
): LogPage {
  checkFirst(first, LIMITS.lines);
  if (last !== undefined) checkFirst(last, LIMITS.lines, 'last');
  const { id } = run.facts;
  const start = after === undefined ? 0 : cursors.read(id, after);
  const lines: LogLine[] = [];
  const positions: string[] = [];
  let next = start;
  for (
    ;
    next < run.lines.length && lines.length < (last === undefined ? first : Infinity);
    next++
  ) {
    const line = run.lines[next];
    if (!line || !matchesLine(line, filter)) continue;
    lines.push(line);
    positions.push(cursors.write(id, next + 1));
  }
  return {
    lines: last === undefined ? lines : lines.slice(-last),
    cursors: last === undefined ? positions : positions.slice(-last),
    cursor: cursors.write(id, next),
    hasMore: next < run.lines.length,
    ended: run.closed && next === run.lines.length,
    dropped: run.lines.slice(start, next).reduce((sum, { dropped }) => sum + dropped, 0),
    total: last === undefined ? null : lines.length,
    hidden: last === undefined ? null : next - start - lines.length,
  };
}

const byFinish = (order: TaskRunOrder): boolean =>
  order === 'LAST_FINISHED_FIRST' || order === 'FIRST_FINISHED_FIRST';

const tooMany = (): TaskError =>
  new TaskError(
    'TOO_MANY_TO_SORT',
    `More than ${LIMITS.sorted} runs match: narrow the filter, or order by NEWEST_FIRST or LAST_FINISHED_FIRST.`,
  );
