import { LIMITS } from '../limits.ts';
import { outOfBounds, TaskError } from '../task-error.ts';
import { TaskRunStatus } from '../task-run.ts';
import type { TaskRun } from '../task-run.ts';
import type { TaskRunFilter } from '../tasks.ts';
import { tenantOf } from '../wire/tenant.ts';
import { beginningsOf } from '../../tools/beginnings-of.ts';
import { toSearch } from '../../tools/to-search.ts';

/** One field of a filter: what it takes, and which runs it lets through. */
export interface FilterField<V> {
  /** What a caller may give, and how Temporal is asked for it. */
  readonly kind: FilterKind;
  readonly admits: (run: TaskRun, asked: V) => boolean;
}
export type FilterKind = keyof typeof KINDS;
/** What a caller gives for each field. */
export type FilterValues = { readonly [F in keyof TaskRunFilter]-?: NonNullable<TaskRunFilter[F]> };

const anyOf = (valuesOf: ValuesOf, spelt = asIs): FilterField<readonly string[]> => ({
  kind: 'anyOf',
  admits: (run, asked) => asked.some((value) => valuesOf(run).includes(spelt(value))),
});
const noneOf = (valuesOf: ValuesOf, spelt = asIs): FilterField<readonly string[]> => ({
  kind: 'noneOf',
  admits: (run, asked) => !asked.some((value) => valuesOf(run).includes(spelt(value))),
});
const allOf = (valuesOf: ValuesOf, spelt = asIs): FilterField<readonly string[]> => ({
  kind: 'allOf',
  admits: (run, asked) => asked.every((value) => valuesOf(run).includes(spelt(value))),
});
const from = (timeOf: (run: TaskRun) => Date | null): FilterField<Date> => ({
  kind: 'from',
  admits: (run, time) => (timeOf(run) ?? NEVER) >= time,
});
const before = (timeOf: (run: TaskRun) => Date | null): FilterField<Date> => ({
  kind: 'before',
  admits: (run, time) => (timeOf(run) ?? NEVER) < time,
});
type ValuesOf = (run: TaskRun) => readonly string[];
function asIs(value: string): string {
  return value;
}
const lower = (value: string): string => value.toLowerCase();
const some = (value: string | null): readonly string[] => (value === null ? [] : [value]);
/** Neither before nor after anything. */
const NEVER = new Date(Number.NaN);

/** All that a list can be filtered by. One without a row here does not compile. */
export const RUN_FILTER: { readonly [F in keyof FilterValues]: FilterField<FilterValues[F]> } = {
  search: { kind: 'search', admits: isFound },
  ids: anyOf(({ id }) => [id]),
  idsNot: noneOf(({ id }) => [id]),
  definition: anyOf(({ definition }) => [definition]),
  definitionNot: noneOf(({ definition }) => [definition]),
  status: { kind: 'anyStatus', admits: ({ status }, asked) => asked.includes(status) },
  statusNot: { kind: 'noStatus', admits: ({ status }, asked) => !asked.includes(status) },
  createdAfter: from(({ createdAt }) => createdAt),
  createdBefore: before(({ createdAt }) => createdAt),
  scheduledAfter: from(({ scheduledFor }) => scheduledFor),
  scheduledBefore: before(({ scheduledFor }) => scheduledFor),
  finishedAfter: from(({ finishedAt }) => finishedAt),
  finishedBefore: before(({ finishedAt }) => finishedAt),
  tagsAny: anyOf(({ tags }) => tags, lower),
  tagsAll: allOf(({ tags }) => tags, lower),
  tagsNone: noneOf(({ tags }) => tags, lower),
  parent: anyOf(({ parent }) => some(parent)),
  parentNot: noneOf(({ parent }) => some(parent)),
  topLevel: { kind: 'flag', admits: ({ parent }, isTop) => isTop === (parent === null) },
  actor: anyOf(({ triggeredBy }) => some(triggeredBy)),
  actorNot: noneOf(({ triggeredBy }) => some(triggeredBy)),
  name: anyOf(({ name }) => [name]),
  nameNot: noneOf(({ name }) => [name]),
  namePrefix: {
    kind: 'text',
    admits: ({ name }, prefix) => lower(name).startsWith(lower(prefix)),
  },
  rerunOf: anyOf(({ rerunOf }) => some(rerunOf)),
  rerunOfNot: noneOf(({ rerunOf }) => some(rerunOf)),
  resumeOf: anyOf(({ resumeOf }) => some(resumeOf)),
  resumeOfNot: noneOf(({ resumeOf }) => some(resumeOf)),
  iterationMin: { kind: 'integer', admits: ({ iteration }, min) => iteration >= min },
  iterationMax: { kind: 'integer', admits: ({ iteration }, max) => iteration <= max },
  tenant: { kind: 'text', admits: ({ id }, tenant) => tenantOf(id) === tenant },
  anyOf: {
    kind: 'shares',
    admits: (run, shares) => shares.some((share) => matchesFilter(run, share)),
  },
  where: { kind: 'predicate', admits: (run, { test }) => test(run) },
};

/** Whether a run is in the list that this filter describes. Says of one row what Temporal says of all. */
export function matchesFilter(run: TaskRun, filter: TaskRunFilter): boolean {
  return chosenFields(filter).every((field) => admits(run, filter, field));
}

function admits<F extends keyof FilterValues>(
  run: TaskRun,
  filter: { readonly [G in F]?: FilterValues[G] | undefined },
  field: F,
): boolean {
  const asked: FilterValues[F] | undefined = filter[field];
  return asked === undefined || RUN_FILTER[field].admits(run, asked);
}

/** Fields that say something: an empty list, or an empty text to search, has nothing chosen and leaves nothing out. */
export const chosenFields = (filter: TaskRunFilter): readonly (keyof TaskRunFilter)[] =>
  Object.keys(filter)
    .filter(isField)
    .filter((field) => {
      const value: unknown = filter[field];
      if (field === 'search') return typeof value === 'string' && value.trim() !== '';
      return value !== undefined && !(Array.isArray(value) && value.length === 0);
    });

/** Throws `INVALID_FILTER` for what is no filter, and for a value that Temporal could not be asked for. */
export function checkFilter(filter: TaskRunFilter): void {
  // Callers without types reach this too.
  const given: readonly [string, unknown][] = Object.entries(filter).filter(
    ([, value]) => value !== undefined,
  );
  if (given.length > MAX_FIELDS)
    throw new TaskError(
      'INVALID_FILTER',
      `Expected at most ${MAX_FIELDS} fields in a filter, got ${given.length}.`,
    );
  for (const [field, value] of given) {
    if (!isField(field))
      throw new TaskError('INVALID_FILTER', `A filter has no field \`${field.slice(0, 100)}\`.`);
    const { kind } = RUN_FILTER[field];
    const { expected, is } = KINDS[kind];
    if (!is(value)) throw unfit(field, expected, value);
    if (kind === 'shares') filter.anyOf?.forEach(checkFilter);
    else if (kind === 'text' || Array.isArray(value))
      for (const text of [value].flat()) if (!isSafe(text)) throw unfit(field, SAFE, text);
  }
}

function isFound({ id, name }: TaskRun, text: string): boolean {
  const { words, idStart } = toSearch(text);
  const beginnings = beginningsOf(name);
  return (
    (words.length > 0 && words.every((word) => beginnings.has(word))) ||
    (idStart !== null && lower(id).startsWith(lower(idStart)))
  );
}

const MAX_SEARCH = 200;
const MAX_SEARCH_WORDS = 20;
const MAX_FIELDS = 20;
/** Each is a term of its own. */
const MAX_ALL = 20;

interface Kind {
  readonly expected: string;
  readonly is: (value: unknown) => boolean;
}
const listOf = (max: number): Kind => ({
  expected: `a list of at most ${max} texts`,
  is: (value) => Array.isArray(value) && value.length <= max,
});
const STATUSES: ReadonlySet<unknown> = new Set(Object.values(TaskRunStatus));
const statuses: Kind = {
  expected: `a list of ${[...STATUSES].join(', ')}`,
  is: (value) =>
    Array.isArray(value) &&
    value.length <= LIMITS.values &&
    value.every((status) => STATUSES.has(status)),
};
const time: Kind = {
  expected: 'a valid `Date`',
  is: (value) => value instanceof Date && !Number.isNaN(value.getTime()),
};

const KINDS = {
  anyOf: listOf(LIMITS.values),
  noneOf: listOf(LIMITS.values),
  allOf: listOf(MAX_ALL),
  anyStatus: statuses,
  noStatus: statuses,
  from: time,
  before: time,
  flag: { expected: 'true or false', is: (value) => typeof value === 'boolean' },
  text: { expected: 'a text', is: (value) => typeof value === 'string' },
  search: {
    expected: `a text of at most ${MAX_SEARCH} characters and ${MAX_SEARCH_WORDS} words`,
    is: (value) =>
      typeof value === 'string' &&
      value.length <= MAX_SEARCH &&
      toSearch(value).words.length <= MAX_SEARCH_WORDS,
  },
  // What grants let through: an empty list in one would let through everything.
  shares: {
    expected: 'a list of 1 to 20 shares, with values in each of their lists',
    is: (value) =>
      Array.isArray(value) && value.length >= 1 && value.length <= MAX_ALL && value.every(isShare),
  },
  integer: { expected: 'an integer', is: Number.isSafeInteger },
  predicate: {
    expected: '`{ signature, test }`',
    is: (value) => typeof value === 'object' && value !== null && 'test' in value,
  },
} satisfies Readonly<Record<string, Kind>>;

const isShare = (share: unknown): boolean =>
  typeof share === 'object' &&
  share !== null &&
  Object.values(share).every((values) => Array.isArray(values) && values.length > 0);
const isField = (field: string): field is keyof TaskRunFilter => Object.hasOwn(RUN_FILTER, field);

const SAFE =
  'text of 1 to 255 characters, without quotes, backslashes, control characters or spaces around it';
// Escaping is not enough: Temporal's stores never match some escaped values, and fail on others.
const isSafe = (value: unknown): boolean =>
  typeof value === 'string' &&
  /^[^'"\\`\p{Cc}\p{Cs}\u2661\ufffd]{1,255}$/u.test(value) &&
  value === value.trim();

const unfit = (field: string, expected: string, value: unknown): TaskError =>
  outOfBounds(field, `to be ${expected}, got ${show(value)}.`, 'INVALID_FILTER');
const show = (value: unknown): string =>
  typeof value === 'string'
    ? JSON.stringify(value.slice(0, 100))
    : Array.isArray(value)
      ? `${value.length} values`
      : String(value);
