import { LIMITS } from '../contract/limits.ts';
import { checkLogsRequest } from '../contract/rules/check-logs-request.ts';
import { checkFirst } from '../contract/rules/check-first.ts';
import { matchesFilter } from '../contract/rules/run-filter.ts';
import { matchesLine } from '../contract/rules/matches-line.ts';
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

export function logPage(run: FakeRun, request: LogsRequest, cursors: FakeCursors<number>): LogPage {
  const { first, last } = checkLogsRequest(request);
  const { after, before, filter } = request;
  const { id } = run.facts;
  const begin = after === undefined ? 0 : cursors.read(id, after);
  const end = before === undefined ? run.lines.length : cursors.read(id, before);
  const fitting = run.lines
    .map((line, at) => ({ line, after: at + 1 }))
    .slice(begin, end)
    .filter(({ line }) => matchesLine(line, filter));
  const shown = last === undefined ? fitting.slice(0, first) : fitting.slice(-last);
  const start = last === undefined ? begin : (fitting.at(-last - 1)?.after ?? begin);
  const next = last === undefined && shown.length === first ? (shown.at(-1)?.after ?? end) : end;
  return {
    lines: shown.map(({ line }) => line),
    cursors: shown.map((one) => cursors.write(id, one.after)),
    startCursor: cursors.write(id, start),
    hasEarlier: last === undefined ? begin > 0 : fitting.length > shown.length,
    cursor: cursors.write(id, next),
    hasMore: next < run.lines.length,
    ended: run.closed && next === run.lines.length,
    dropped: run.lines.slice(start, next).reduce((sum, { dropped }) => sum + dropped, 0),
    total: last === undefined ? null : fitting.length,
    hidden: last === undefined ? null : end - begin - fitting.length,
  };
}

const byFinish = (order: TaskRunOrder): boolean =>
  order === 'LAST_FINISHED_FIRST' || order === 'FIRST_FINISHED_FIRST';

const tooMany = (): TaskError =>
  new TaskError(
    'TOO_MANY_TO_SORT',
    `More than ${LIMITS.sorted} runs match: narrow the filter, or order by NEWEST_FIRST or LAST_FINISHED_FIRST.`,
  );
