import { TaskError, outOfBounds } from '../task-error.ts';
import { TaskRunStatus } from '../task-run.ts';
import type { TaskRun } from '../task-run.ts';
import type { TaskRunFilter } from '../tasks.ts';
import { tenantOf } from '../wire/tenant.ts';
import { wordsOf } from '../../tools/words-of.ts';

/** Whether a run is in the list that this filter describes. Says of one row what Temporal says of all. */
export function matchesFilter(run: TaskRun, filter: TaskRunFilter): boolean {
  const words = new Set(wordsOf(run.name));
  return (
    oneOf(filter.ids, run.id) &&
    noneOf(filter.idsNot, run.id) &&
    oneOf(filter.definition, run.definition) &&
    noneOf(filter.definitionNot, run.definition) &&
    oneOf(filter.status, run.status) &&
    noneOf(filter.statusNot, run.status) &&
    within(run.createdAt, filter.createdAfter, filter.createdBefore) &&
    within(run.scheduledFor, filter.scheduledAfter, filter.scheduledBefore) &&
    within(run.finishedAt, filter.finishedAfter, filter.finishedBefore) &&
    (!filter.tagsAny || filter.tagsAny.some((tag) => has(run, tag))) &&
    (!filter.tagsAll || filter.tagsAll.every((tag) => has(run, tag))) &&
    (!filter.tagsNone || !filter.tagsNone.some((tag) => has(run, tag))) &&
    oneOf(filter.parent, run.parent) &&
    noneOf(filter.parentNot, run.parent) &&
    (filter.topLevel === undefined || filter.topLevel === (run.parent === null)) &&
    oneOf(filter.actor, run.triggeredBy) &&
    noneOf(filter.actorNot, run.triggeredBy) &&
    oneOf(filter.name, run.name) &&
    noneOf(filter.nameNot, run.name) &&
    (filter.namePrefix === undefined || run.name.startsWith(filter.namePrefix)) &&
    (filter.nameWords === undefined || wordsOf(filter.nameWords).every((w) => words.has(w))) &&
    oneOf(filter.rerunOf, run.rerunOf) &&
    run.iteration >= (filter.iterationMin ?? 1) &&
    run.iteration <= (filter.iterationMax ?? Infinity) &&
    (filter.tenant === undefined || tenantOf(run.id) === filter.tenant) &&
    (!filter.anyOf || filter.anyOf.some((share) => matchesFilter(run, share))) &&
    (filter.where?.test(run) ?? true)
  );
}

/** Throws `INVALID_FILTER` for what is no filter, and for a value that Temporal could not be asked for. */
export function checkFilter(filter: TaskRunFilter): void {
  const given = Object.entries(filter).filter(([, value]) => value !== undefined);
  if (given.length > MAX_FIELDS)
    throw invalid(`Expected at most ${MAX_FIELDS} fields in a filter, got ${given.length}.`);
  // Callers without types reach this too.
  for (const [field, value] of given) {
    if (!isField(field)) throw invalid(`A filter has no field \`${field.slice(0, 100)}\`.`);
    const { expected, is } = KINDS[FIELDS[field]];
    if (!is(value))
      throw outOfBounds(field, `to be ${expected}, got ${show(value)}.`, 'INVALID_FILTER');
    if (field === 'anyOf') filter.anyOf?.forEach(checkFilter);
    else if (Array.isArray(value)) for (const one of value) checkValue(field, one);
  }
  const { tagsAll = [], namePrefix, nameWords, tenant } = filter;
  if (tenant !== undefined) checkValue('tenant', tenant);
  if (tagsAll.length > MAX_FIELDS)
    throw outOfBounds(
      'tagsAll',
      `to have at most ${MAX_FIELDS} values, got ${tagsAll.length}.`,
      'INVALID_FILTER',
    );
  if (namePrefix !== undefined) checkValue('namePrefix', namePrefix);
  if (nameWords === undefined) return;
  const count = wordsOf(nameWords).length;
  if (count < 1 || count > 8)
    throw outOfBounds('nameWords', `to have 1 to 8 words, got ${count}.`, 'INVALID_FILTER');
}

const MAX_FIELDS = 20;
const STATUSES: ReadonlySet<unknown> = new Set(Object.values(TaskRunStatus));
const isList = (value: unknown): value is readonly unknown[] =>
  Array.isArray(value) && value.length >= 1 && value.length <= 100;

const KINDS = {
  list: { expected: 'a list of 1 to 100 texts', is: isList },
  statuses: {
    expected: `a list of ${[...STATUSES].join(', ')}`,
    is: (value: unknown) => isList(value) && value.every((one) => STATUSES.has(one)),
  },
  time: {
    expected: 'a valid `Date`',
    is: (value: unknown) => value instanceof Date && !Number.isNaN(value.getTime()),
  },
  flag: { expected: 'true or false', is: (value: unknown) => typeof value === 'boolean' },
  text: { expected: 'a text', is: (value: unknown) => typeof value === 'string' },
  integer: { expected: 'an integer', is: (value: unknown) => Number.isSafeInteger(value) },
  shares: {
    expected: 'a list of 1 to 20 shares',
    is: (value: unknown) => isList(value) && value.length <= MAX_FIELDS,
  },
  predicate: {
    expected: '`{ signature, test }`',
    is: (value: unknown) => typeof value === 'object' && value !== null && 'test' in value,
  },
} as const;

const FIELDS: Readonly<Record<keyof TaskRunFilter, keyof typeof KINDS>> = {
  ids: 'list',
  idsNot: 'list',
  definition: 'list',
  definitionNot: 'list',
  status: 'statuses',
  statusNot: 'statuses',
  createdAfter: 'time',
  createdBefore: 'time',
  scheduledAfter: 'time',
  scheduledBefore: 'time',
  finishedAfter: 'time',
  finishedBefore: 'time',
  tagsAny: 'list',
  tagsAll: 'list',
  tagsNone: 'list',
  parent: 'list',
  parentNot: 'list',
  topLevel: 'flag',
  actor: 'list',
  actorNot: 'list',
  name: 'list',
  nameNot: 'list',
  namePrefix: 'text',
  nameWords: 'text',
  rerunOf: 'list',
  iterationMin: 'integer',
  iterationMax: 'integer',
  tenant: 'text',
  anyOf: 'shares',
  where: 'predicate',
};
const isField = (field: string): field is keyof TaskRunFilter => Object.hasOwn(FIELDS, field);

function checkValue(field: string, value: unknown): void {
  if (typeof value === 'string' && SAFE.test(value) && value === value.trim()) return;
  throw outOfBounds(
    field,
    `to be text of 1 to 255 characters, without quotes, backslashes, control characters or spaces around it, got ${show(value)}.`,
    'INVALID_FILTER',
  );
}

// Escaping is not enough: Temporal's stores never match some escaped values, and fail on others.
const SAFE = /^[^'"\\`\p{Cc}\p{Cs}\u2661\ufffd]{1,255}$/u;

const oneOf = (values: readonly string[] | undefined, value: string | null): boolean =>
  !values || (value !== null && values.includes(value));
const noneOf = (values: readonly string[] | undefined, value: string | null): boolean =>
  !values || value === null || !values.includes(value);
const has = (run: TaskRun, tag: string): boolean => run.tags.includes(tag.toLowerCase());
const within = (time: Date | null, after: Date | undefined, before: Date | undefined): boolean =>
  (!after || (time !== null && time >= after)) && (!before || (time !== null && time < before));
const show = (value: unknown): string =>
  typeof value === 'string'
    ? JSON.stringify(value.slice(0, 100))
    : Array.isArray(value)
      ? `${value.length} values`
      : String(value);
const invalid = (message: string): TaskError => new TaskError('INVALID_FILTER', message);
