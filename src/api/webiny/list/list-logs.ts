import type { TaskRun } from '../../../contract/task-run.ts';
import type { TaskRunFilter, Tasks } from '../../../contract/tasks.ts';
import { ContractError } from '../contract-error.ts';
import { decodeCursor, encodeCursor, orFromStart } from './list-token.ts';
import { findRun } from '../find-run.ts';
import { ITEM_FIELDS, LOG_FIELDS, whereKeys } from './fields.ts';
import { type LogRecord, type LogSource, runIdOf } from './log-records.ts';
import { contains, passes } from './operators.ts';
import { compareBy, type ListArguments, type ListPage, pageSize, toSort } from './paging.ts';
import { toFilter, type Where } from './to-filter.ts';
import { walkLogs } from './walk-logs.ts';

/** Runs whose logs one answer may be put together from. */
const MAX_RUNS = 100;

/**
 * One page of log records. Over named runs every order and filter works; over all runs records come by run, the
 * newest first, and what needs more than 100 logs to be read is an error.
 */
export async function listLogs(
  source: LogSource,
  { where, sort, limit, after, search }: ListArguments,
  { counted }: { readonly counted: boolean },
): Promise<ListPage<LogRecord>> {
  const order = toSort(sort);
  const size = pageSize(limit);
  const test = toTest(where ?? {}, search ?? '');
  const ids = namedRuns(where ?? {});
  const usual = order.field === 'createdOn' && order.direction === 'DESC';
  if (!ids && usual && !test)
    return await orFromStart(decodeCursor(after), (from) =>
      walkLogs(source, { size, from, counted }),
    );
  const runs = await findRuns(source.tasks, ids);
  const records = await allRecords(source, runs, test ?? (() => true));
  const of = LOG_FIELDS[order.field]?.of ?? (() => null);
  const sorted = records.toSorted(
    (one, other) => compareBy(of, order.direction)(one, other) || newestFirst(one, other),
  );
  const from = decodeCursor(after);
  const offset = from && /^\d+$/.test(from) ? Number(from) : 0;
  return toPage(sorted, offset, size);
}

/** The records of one run, by default in the order of their iterations. */
export async function logsOf(
  { records }: LogSource,
  run: TaskRun,
  { where, sort, limit }: Pick<ListArguments, 'where' | 'sort' | 'limit'>,
): Promise<readonly LogRecord[]> {
  const { field, direction } = toSort(sort?.length ? sort : ['iteration_ASC']);
  const of = LOG_FIELDS[field]?.of ?? (() => null);
  // It is this run's field, whatever else is asked.
  const test = toTest({ ...where, task: run.id }, '') ?? (() => true);
  return (await records(run))
    .filter(test)
    .toSorted(compareBy(of, direction))
    .slice(0, pageSize(limit ?? Infinity, 10_000));
}

type Test = (record: LogRecord) => boolean;
const KEYS = new Map(whereKeys(LOG_FIELDS).map((key) => [key.name, key]));
const ITEM_KEYS = new Map(whereKeys(ITEM_FIELDS).map((key) => [key.name, key]));

/** Undefined when nothing is asked. */
function toTest({ items, ...where }: Where, search: string): Test | undefined {
  const tests = Object.entries(where).flatMap(([name, operand]): Test[] => {
    const key = KEYS.get(name);
    return key && operand !== undefined
      ? [(record) => passes(key.operator, key.of(record), operand)]
      : [];
  });
  if (isObject(items)) tests.push(toItemTest(items));
  if (search.trim() !== '') tests.push((record) => isFound(record, search.trim()));
  return tests.length > 0 ? (record) => tests.every((test) => test(record)) : undefined;
}

/** A record has it when one of its lines does, in everything that is asked. */
function toItemTest(where: Where): Test {
  const asked = Object.entries(where).flatMap(([name, operand]) => {
    const key = ITEM_KEYS.get(name);
    return key && operand !== undefined ? [{ key, operand }] : [];
  });
  return ({ lines }) =>
    asked.length === 0 ||
    lines.some((line) =>
      asked.every(({ key, operand }) => passes(key.operator, key.of(line), operand)),
    );
}

function isFound(record: LogRecord, search: string): boolean {
  const [executionName, task] = [LOG_FIELDS['executionName'], LOG_FIELDS['task']];
  const [message, type] = [ITEM_FIELDS['message'], ITEM_FIELDS['type']];
  return (
    [executionName, task].some((field) => field && contains(field.of(record), search)) ||
    record.lines.some((line) =>
      [message, type].some((field) => field && contains(field.of(line), search)),
    )
  );
}

/** Ids of the only runs whose records can match; undefined when any could. */
function namedRuns(where: Where): readonly string[] | undefined {
  const lists = Object.entries(NAMING).flatMap(([key, toIds]) => {
    const operand = where[key];
    if (operand === undefined) return [];
    // An empty execution name is one of every run that has not begun, and names none.
    if (key.startsWith('executionName') && [operand].flat().includes('')) return [];
    return [[operand].flat().filter(isText).map(toIds)];
  });
  if (lists.length === 0) return undefined;
  return [...new Set(lists.reduce((one, other) => one.filter((id) => other.includes(id))))];
}
const same = (id: string): string => id;
const NAMING: Readonly<Record<string, (value: string) => string>> = {
  task: same,
  task_in: same,
  executionName: same,
  executionName_in: same,
  id: runIdOf,
  id_in: runIdOf,
  entryId: runIdOf,
  entryId_in: runIdOf,
};
const isObject = (value: unknown): value is Where => typeof value === 'object' && value !== null;
const isText = (value: unknown): value is string => typeof value === 'string';

async function findRuns(
  tasks: Tasks,
  ids: readonly string[] | undefined,
): Promise<readonly TaskRun[]> {
  if (!ids) {
    const { runs, hasNextPage } = await tasks.list({ first: MAX_RUNS });
    if (hasNextPage) throw tooMany('more than 100');
    return runs;
  }
  if (ids.length > MAX_RUNS) throw tooMany(String(ids.length));
  // A list may not know the newest run yet.
  const [id] = ids;
  if (ids.length === 1 && id !== undefined) {
    const run = await findRun(tasks, id);
    return run ? [run] : [];
  }
  const { filter } = toFilter({ id_in: ids });
  return filter ? await collect(tasks, filter) : [];
}

async function collect(tasks: Tasks, filter: TaskRunFilter): Promise<readonly TaskRun[]> {
  const { runs, hasNextPage } = await tasks.list({ filter, first: MAX_RUNS });
  if (hasNextPage) throw tooMany('more than 100');
  return runs;
}

const tooMany = (count: string): ContractError =>
  new ContractError(
    'LIST_ENTRIES_ERROR',
    `The logs of ${count} runs would have to be read for this; at most ${MAX_RUNS} are: name the runs with \`task\` or \`task_in\`.`,
    { max: MAX_RUNS },
  );

async function allRecords(
  { records }: LogSource,
  runs: readonly TaskRun[],
  test: Test,
): Promise<readonly LogRecord[]> {
  return (await Promise.all(runs.map(records))).flat().filter(test);
}

const newestFirst = (one: LogRecord, other: LogRecord): number =>
  other.createdOn.getTime() - one.createdOn.getTime() || other.iteration - one.iteration;

function toPage(records: readonly LogRecord[], offset: number, size: number): ListPage<LogRecord> {
  const end = offset + size;
  const hasMoreItems = end < records.length;
  return {
    items: records.slice(offset, end),
    meta: {
      cursor: hasMoreItems ? encodeCursor(String(end)) : null,
      hasMoreItems,
      totalCount: records.length,
    },
  };
}
