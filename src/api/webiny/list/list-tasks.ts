import { LIMITS } from '../../../contract/limits.ts';
import { isClosed, type TaskRun, TaskRunStatus } from '../../../contract/task-run.ts';
import { TaskError } from '../../../contract/task-error.ts';
import type {
  ListRequest,
  TaskRunFilter,
  TaskRunOrder,
  TaskRunPage,
  Tasks,
} from '../../../contract/tasks.ts';
import { ContractError } from '../contract-error.ts';
import { decodeCursor, encodeCursor, orFromStart } from './list-token.ts';
import { TASK_FIELDS } from './fields.ts';
import {
  compareBy,
  type ListArguments,
  type ListPage,
  pageSize,
  type Sort,
  toSort,
} from './paging.ts';
import { toFilter } from './to-filter.ts';

/** Runs that can be sorted here; the service's own bound for orders that Temporal does not have. */

/** One page of runs. The count costs a call, unless this page is all there is. */
export async function listTasks(
  tasks: Tasks,
  { where, sort, limit, after, search }: ListArguments,
  { counted, max }: { readonly counted: boolean; readonly max: number },
): Promise<ListPage<TaskRun>> {
  const order = toSort(sort);
  const { filter, scanned } = toFilter(where ?? {}, search ?? '');
  if (!filter) return NOTHING;
  const size = pageSize(limit, max);
  const from = decodeCursor(after);
  const list = lister(tasks, scanned);
  const parts = toParts(order, filter);
  try {
    const { runs, next } = parts
      ? await orFromStart(from, (position) => readParts(list, parts, size, position))
      : await readSorted(list, filter, order, size, from);
    const whole = next === null && from === null;
    return {
      items: runs,
      meta: {
        cursor: next === null ? null : encodeCursor(next),
        hasMoreItems: next !== null,
        totalCount: whole || !counted ? runs.length : await tasks.count(filter),
      },
    };
  } catch (error) {
    const tooMany = error instanceof TaskError && error.code === 'TOO_MANY_TO_SORT';
    throw tooMany ? tooManyFor(scanned) : error;
  }
}

const tooManyFor = (scanned: readonly string[]): Error =>
  scanned.length > 0
    ? new ContractError(
        'LIST_ENTRIES_ERROR',
        `More than 1,000 runs would have to be looked at for ${scanned.map((key) => `\`${key}\``).join(', ')}, which no index answers: narrow the list by definitionId, taskStatus, parentId, name or createdOn.`,
        { keys: scanned, scanned: LIMITS.scanned },
      )
    : new ContractError(
        'LIST_ENTRIES_ERROR',
        'More than 1,000 runs would have to be sorted, which no index does: narrow the list, or sort it by createdOn_DESC or finishedOn_DESC.',
        { scanned: LIMITS.scanned },
      );

const NOTHING = { items: [], meta: { cursor: null, hasMoreItems: false, totalCount: 0 } };

type List = (request: ListRequest & { readonly first: number }) => Promise<TaskRunPage>;

/** The service's list, but a page that is short because too much had to be looked at is an error. */
const lister =
  (tasks: Tasks, scanned: readonly string[]): List =>
  async (request) => {
    const page = await tasks.list(request);
    if (scanned.length > 0 && page.hasNextPage && page.runs.length < request.first)
      throw tooManyFor(scanned);
    return page;
  };

interface Slice {
  readonly runs: readonly TaskRun[];
  /** Where the next page starts; null when there is none. */
  readonly next: string | null;
}

/** A list that the service has in this order, or two of them one after the other. */
interface Part {
  readonly filter: TaskRunFilter;
  readonly orderBy: TaskRunOrder;
}

const ORDERS: Readonly<Record<string, readonly [up: TaskRunOrder, down: TaskRunOrder]>> = {
  id: ['ID', 'ID_DESCENDING'],
  createdOn: ['OLDEST_FIRST', 'NEWEST_FIRST'],
  revisionCreatedOn: ['OLDEST_FIRST', 'NEWEST_FIRST'],
  name: ['NAME', 'NAME_DESCENDING'],
  definitionId: ['DEFINITION', 'DEFINITION_DESCENDING'],
  parentId: ['PARENT', 'PARENT_DESCENDING'],
  taskStatus: ['STATUS', 'STATUS_DESCENDING'],
  startedOn: ['STARTED', 'STARTED_DESCENDING'],
};

/** Undefined for an order that the service does not have. */
function toParts({ field, direction }: Sort, filter: TaskRunFilter): readonly Part[] | undefined {
  const index = direction === 'ASC' ? 0 : 1;
  if (field === 'finishedOn') {
    // Open runs have not finished: they come last.
    const orderBy = index === 0 ? 'FIRST_FINISHED_FIRST' : 'LAST_FINISHED_FIRST';
    return [
      ...withStatus(filter, isClosed, orderBy),
      ...withStatus(filter, (status) => !isClosed(status), 'NEWEST_FIRST'),
    ];
  }
  // What no run ever has orders nothing.
  if (TASK_FIELDS[field]?.constant) return [{ filter, orderBy: 'NEWEST_FIRST' }];
  const orderBy = ORDERS[field]?.[index];
  return orderBy && [{ filter, orderBy }];
}

function withStatus(
  filter: TaskRunFilter,
  fits: (status: TaskRunStatus) => boolean,
  orderBy: TaskRunOrder,
): readonly Part[] {
  const status = (filter.status ?? Object.values(TaskRunStatus)).filter(fits);
  return status.length > 0 ? [{ filter: { ...filter, status }, orderBy }] : [];
}

/** Positions are `<part> <the service's cursor>`. */
async function readParts(
  list: List,
  parts: readonly Part[],
  size: number,
  from: string | null,
): Promise<Slice> {
  const runs: TaskRun[] = [];
  let { index, cursor } = toPosition(from, parts.length);
  while (index < parts.length) {
    const part = parts[index];
    if (!part) break;
    if (runs.length === size) {
      // At the beginning of a part it is not known yet whether it has any.
      if (cursor !== undefined || (await list({ ...part, first: 1 })).runs.length > 0)
        return { runs, next: `${index} ${cursor ?? ''}` };
      index++;
      continue;
    }
    const first = Math.min(LIMITS.runs, size - runs.length);
    const page = await list({ ...part, first, after: cursor });
    runs.push(...page.runs);
    cursor = page.endCursor ?? undefined;
    if (page.hasNextPage) continue;
    index++;
    cursor = undefined;
  }
  return { runs, next: null };
}

function toPosition(
  from: string | null,
  parts: number,
): { index: number; cursor?: string | undefined } {
  const [, index, cursor] = (from && /^(\d) (.*)$/s.exec(from)) || [];
  if (index === undefined || Number(index) >= parts) return { index: 0 };
  return { index: Number(index), cursor: cursor || undefined };
}

/** Positions are offsets: all rows are here. */
async function readSorted(
  list: List,
  filter: TaskRunFilter,
  { field, direction }: Sort,
  size: number,
  from: string | null,
): Promise<Slice> {
  const runs: TaskRun[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await list({ filter, first: LIMITS.runs, after });
    runs.push(...page.runs);
    if (!page.hasNextPage) break;
    if (runs.length >= LIMITS.sorted) throw tooManyFor([]);
    after = page.endCursor ?? undefined;
  }
  const offset = from && /^\d+$/.test(from) ? Number(from) : 0;
  const end = offset + size;
  return {
    runs: runs
      .toSorted(compareBy((run) => TASK_FIELDS[field]?.of(run) ?? null, direction))
      .slice(offset, end),
    next: end < runs.length ? String(end) : null,
  };
}
