import { checkFilter } from '../../../contract/rules/run-filter.ts';
import { type TaskRun, TaskRunStatus, isClosed } from '../../../contract/task-run.ts';
import type { TaskRunFilter } from '../../../contract/tasks.ts';
import { type Field, TASK_FIELDS, whereKeys, type WhereKey } from './fields.ts';
import { contains, type Operator, passes } from './operators.ts';
import { UNKNOWN } from './rows.ts';
import { WORDS } from '../words.ts';

/** A `where` input as GraphQL parsed it. */
export type Where = Readonly<Record<string, unknown>>;

export interface CompiledWhere {
  /** Null when no run can match. */
  readonly filter: TaskRunFilter | null;
  /** Keys that Temporal cannot be asked for. */
  readonly scanned: readonly string[];
}

/** What of a `where` Temporal answers, and what is asked of each row here. Both are exact: together they are the whole `where`. */
export function toFilter(where: Where, search = ''): CompiledWhere {
  let filter: Mutable = { status: Object.values(TaskRunStatus) };
  const tests: { readonly key: string; readonly operand: unknown; readonly test: Test }[] = [];
  for (const [name, operand] of Object.entries(where)) {
    const key = KEYS.get(name);
    if (!key || operand === undefined) continue;
    const test: Test = (run) => passes(key.operator, key.of(run), operand);
    const asked = ask(key, operand);
    if (asked) filter = narrow(filter, asked);
    if (!asked || asked.partly) tests.push({ key: name, operand, test });
  }
  if (search.trim() !== '')
    tests.push({ key: 'search', operand: search, test: (run) => isFound(run, search) });
  return {
    filter: isEmpty(filter) ? null : complete(filter, tests),
    scanned: tests.map(({ key }) => key),
  };
}

const KEYS: ReadonlyMap<string, WhereKey<TaskRun>> = new Map(
  whereKeys(TASK_FIELDS).map((key) => [key.name, key]),
);
type Test = (run: TaskRun) => boolean;

/** Fields of a filter that a key narrows it by. */
type Asked = TaskRunFilter & {
  /** The rows it leaves must still be tested. */
  readonly partly?: true;
};
type Mutable = { -readonly [K in keyof TaskRunFilter]: TaskRunFilter[K] };

const NOTHING: Asked = { status: [] };
const EVERYTHING: Asked = {};
const CLOSED = Object.values(TaskRunStatus).filter(isClosed);
const OPEN = Object.values(TaskRunStatus).filter((status) => !isClosed(status));

/** What Temporal can be asked for this key, or undefined. */
function ask({ field, operator, constant }: WhereKey<TaskRun>, operand: unknown) {
  // No row is needed to know.
  if (constant) return passes(operator, constant.value, operand) ? EVERYTHING : NOTHING;
  if (field === 'taskStatus')
    return {
      status: Object.values(TaskRunStatus).filter((status) =>
        passes(operator, WORDS[status], operand),
      ),
    };
  return ASKING[field]?.(operator, operand);
}

type Asking = (operator: Operator, operand: unknown) => Asked | undefined;
type ListField = 'ids' | 'definition' | 'name' | 'parent' | 'actor';

/** A field that Temporal has as a keyword: equal to one of some values, or to none of them. */
function keyword(is: ListField, isNot: `${ListField}Not`): Asking {
  return (operator, operand) => {
    const positive = operator === 'eq' || operator === 'in';
    if (!positive && operator !== 'not' && operator !== 'not_in') return undefined;
    const values: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
    if (values.length === 0) return positive ? NOTHING : EVERYTHING;
    if (!isIndexed(values)) return undefined;
    return { [positive ? is : isNot]: values };
  };
}

/** Temporal takes no more than 100 values, and not those that a quotation could be ended with. */
function isIndexed(values: readonly unknown[]): values is readonly string[] {
  if (!values.every((value) => typeof value === 'string')) return false;
  try {
    checkFilter({ ids: values });
    return true;
  } catch {
    return false;
  }
}

const parents = keyword('parent', 'parentNot');
const askParent: Asking = (operator, operand) => {
  if (operand !== null) return parents(operator, operand);
  if (operator === 'eq') return { topLevel: true };
  return operator === 'not' ? { topLevel: false } : undefined;
};

const actors = keyword('actor', 'actorNot');
const askActor: Asking = (operator, operand) =>
  [operand].flat().includes(UNKNOWN.id) ? undefined : actors(operator, operand);

/** A run that has begun is executed under its id. */
const ids = keyword('ids', 'idsNot');
const askExecutionName: Asking = (operator, operand) => {
  const asked = [operand].flat().includes('') ? undefined : ids(operator, operand);
  return asked?.ids && { ...asked, partly: true };
};

function between(
  from: 'createdAfter' | 'finishedAfter',
  to: 'createdBefore' | 'finishedBefore',
): Asking {
  // Our bounds are «from» and «before», of whole milliseconds.
  const range = (first: Date, last: Date | undefined, after = 0): Asked => ({
    [from]: first,
    ...(last && { [to]: new Date(last.getTime() + after) }),
  });
  return (operator, operand) => {
    if (operator === 'between' && Array.isArray(operand) && operand.every(isDate)) {
      const [first, last, ...rest] = operand;
      return first && last && rest.length === 0 ? range(first, last, 1) : undefined;
    }
    if (!isDate(operand)) return undefined;
    if (operator === 'eq') return range(operand, operand, 1);
    if (operator === 'gte') return range(operand, undefined);
    if (operator === 'gt') return range(new Date(operand.getTime() + 1), undefined);
    if (operator === 'lt') return range(EPOCH, operand);
    return operator === 'lte' ? range(EPOCH, operand, 1) : undefined;
  };
}
const EPOCH = new Date(0);
const isDate = (value: unknown): value is Date => value instanceof Date;
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

const created = between('createdAfter', 'createdBefore');
const finished = between('finishedAfter', 'finishedBefore');
const askFinished: Asking = (operator, operand) => {
  if (operand !== null) return finished(operator, operand);
  if (operator === 'eq') return { status: OPEN };
  return operator === 'not' ? { status: CLOSED } : undefined;
};

const ASKING: Readonly<Record<string, Asking>> = {
  id: ids,
  entryId: ids,
  definitionId: keyword('definition', 'definitionNot'),
  name: keyword('name', 'nameNot'),
  parentId: askParent,
  executionName: askExecutionName,
  createdOn: created,
  revisionCreatedOn: created,
  finishedOn: askFinished,
  createdBy: askActor,
  revisionCreatedBy: askActor,
  savedBy: askActor,
  revisionSavedBy: askActor,
};

/** Both at once. */
function narrow(filter: Mutable, { partly: _partly, ...asked }: Asked): Mutable {
  const { topLevel } = filter;
  // A run cannot have a parent and none.
  if (topLevel !== undefined && asked.topLevel === !topLevel) return { ...filter, ...NOTHING };
  const both: Record<string, unknown> = { ...filter };
  for (const [name, value] of Object.entries(asked)) {
    const before = both[name];
    both[name] = before === undefined ? value : merge(name, before, value);
  }
  return both;
}

function merge(name: string, one: unknown, other: unknown): unknown {
  if (isList(one) && isList(other))
    return name.endsWith('Not')
      ? [...new Set([...one, ...other])]
      : one.filter((value) => other.includes(value));
  if (isDate(one) && isDate(other))
    return new Date((name.endsWith('After') ? Math.max : Math.min)(one.getTime(), other.getTime()));
  return other;
}

const isEmpty = (filter: Mutable): boolean =>
  Object.values(filter).some((value) => Array.isArray(value) && value.length === 0);

function complete(
  { status, ...filter }: Mutable,
  tests: readonly { readonly key: string; readonly operand: unknown; readonly test: Test }[],
): TaskRunFilter {
  return {
    ...filter,
    ...(status && status.length < Object.keys(TaskRunStatus).length && { status }),
    ...(tests.length > 0 && {
      where: {
        signature: JSON.stringify(tests.map(({ key, operand }) => [key, operand])),
        test: (run: TaskRun) => tests.every(({ test }) => test(run)),
      },
    }),
  };
}

/** Fields that a search looks into; one that holds every word is enough. */
const SEARCHED: readonly (Field<TaskRun> | undefined)[] = [
  'name',
  'definitionId',
  'parentId',
  'executionName',
  'taskStatus',
].map((name) => TASK_FIELDS[name]);
const isFound = (run: TaskRun, search: string): boolean =>
  SEARCHED.some((field) => field && contains(field.of(run), search.trim()));
