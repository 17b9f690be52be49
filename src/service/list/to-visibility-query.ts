import { RESUMES } from '../../contract/wire/run-fields.ts';
import { checkFilter, chosenFields } from '../../contract/rules/run-filter.ts';
import type { FilterValues } from '../../contract/rules/run-filter.ts';
import { toSearch } from '../../tools/to-search.ts';
import type { Search } from '../../tools/to-search.ts';
import { TaskRunStatus, isClosed } from '../../contract/task-run.ts';
import type { OpenStatus } from '../../contract/task-run.ts';
import type { RunShare, TaskRunFilter } from '../../contract/tasks.ts';
import { RESET_PATCH } from '../../contract/wire/messages.ts';
import { MARK } from '../../contract/wire/run-fields.ts';
import { TENANT_MARK, inTenant } from '../../contract/wire/tenant.ts';
import { beginningsOf } from '../../tools/beginnings-of.ts';
import { literal as text } from '../temporal/visibility.ts';

/** A filter, as far as Temporal's index can answer it. */
export interface VisibilityQuery {
  /** Null when no run can match: there is nothing to ask. */
  readonly text: string | null;
  /**
   * What must be asked of each row as well, with `matchesFilter`. The text never leaves out a run that this
   * lets through.
   */
  readonly rest: TaskRunFilter;
  /** Whether the number of rows is the answer, so that it can be counted. */
  readonly countable: Countable;
}

export interface QueryContext {
  /** What divides pending from running; this process's clock, as for rows. */
  readonly now: Date;
  /** Definition ids and titles: a run that was started with no name has its definition's. */
  readonly titles: ReadonlyMap<string, string>;
  /** Whether what is no task run matches too. */
  readonly wholeNamespace: boolean;
}

/**
 * The only maker of list filters: fields from a fixed set, and values that can only be one literal.
 * Chain predecessors are always hidden, and schedules by Temporal as long as no filter names their division.
 */
export function toVisibilityQuery(filter: TaskRunFilter, context: QueryContext): VisibilityQuery {
  checkFilter(filter);
  const terms = chosenFields(filter).map((field) => ({
    field,
    term: termOf(filter, field, context),
  }));
  const texts = [
    statusTerm(statusesOf(filter), context.now),
    oursTerm(filter, context),
    ...terms.map(({ term }) => term.text),
  ];
  const counted = new Set(terms.map(({ term }) => term.rest));
  return {
    text: texts.includes(NOTHING) ? null : all(texts),
    rest: pick(
      filter,
      terms.filter(({ term }) => term.rest !== undefined).map(({ field }) => field),
    ),
    countable: COUNTABLE.find((one) => counted.has(one)) ?? 'EXACTLY',
  };
}

/** The least first. */
const COUNTABLE = ['NOT', 'FIRST_ITERATIONS', 'EXACTLY'] as const;
type Countable = (typeof COUNTABLE)[number];

/** What Temporal is asked for a field. */
interface Term {
  /** Empty when it cannot be asked for any of it. */
  readonly text: string;
  /** Set when rows must be asked as well, to how far they can be counted all the same. */
  readonly rest?: Countable;
}
type ToTerm<V> = (asked: V, context: QueryContext) => Term;

function termOf<F extends keyof FilterValues>(
  filter: { readonly [G in F]?: FilterValues[G] | undefined },
  field: F,
  context: QueryContext,
): Term {
  const asked: FilterValues[F] | undefined = filter[field];
  return asked === undefined ? { text: '' } : TERMS[field](asked, context);
}

const pick = (filter: TaskRunFilter, fields: readonly (keyof TaskRunFilter)[]): TaskRunFilter =>
  Object.fromEntries(fields.map((field) => [field, filter[field]]));

/** Narrows a query to a slice of start times; `from` is in it, `to` is not. */
export function startedWithin(text: string, from: number | null, to: number | null): string {
  return all([
    text,
    from !== null &&
      // No run executes before it starts: the second half changes nothing but has an index to use.
      `StartTime >= ${time(from)} AND ExecutionTime >= ${time(from)}`,
    to !== null && `StartTime < ${time(to)}`,
  ]);
}

/** Runs that an operator has reset: the newest links of their chains. */
export const WAS_RESET = `TemporalChangeVersion = '${RESET_PATCH}' AND ExecutionStatus != 'ContinuedAsNew'`;

/** Of one run only what started since. */
export const sinceStart = (id: string, start: number): string =>
  `(WorkflowId != ${text(id)} OR StartTime >= ${time(start)})`;

/** Closed runs, as from a time of close backwards; `to` is not in it. */
export const finishedBefore = (text: string, to: number | null): string =>
  all([text, 'CloseTime IS NOT NULL', to !== null && `CloseTime < ${time(to)}`]);

/** Runs that began before `to`, also those that have gone on since. */
export const startedBefore = (text: string, to: number): string =>
  all([text, `(StartTime < ${time(to)} OR TaskIteration > 1)`]);

export const byStatus = (text: string): string => `${text} GROUP BY ExecutionStatus`;

export const withStatus = (text: string, status: TaskRunStatus, { now }: QueryContext): string =>
  all([text, statusTerm(new Set([status]), now)]);

export const firstIterations = (text: string): string => all([text, `(${IS_FIRST_ITERATION})`]);
export const laterIterations = (text: string): string => all([text, 'TaskIteration > 1']);

/** What a group of `byStatus` is called. */
export const CLOSED_STATUSES = {
  Completed: TaskRunStatus.Succeeded,
  Failed: TaskRunStatus.Failed,
  TimedOut: TaskRunStatus.Failed,
  Canceled: TaskRunStatus.Aborted,
  Terminated: TaskRunStatus.Aborted,
} as const;

const IS_OPEN = `ExecutionStatus IN ('Running', 'Paused')`;
const IS_FIRST_ITERATION = 'TaskIteration <= 1 OR TaskIteration IS NULL';
const NO_PREDECESSORS = `ExecutionStatus != 'ContinuedAsNew'`;
const NOTHING = 'NOTHING';

/** What `isOurs` says of an execution. A filter that names definitions of the catalogue says as much. */
function oursTerm(
  { definition = [] }: TaskRunFilter,
  { titles, wholeNamespace }: QueryContext,
): string {
  const namesOurs = definition.length > 0 && definition.every((id) => titles.has(id));
  if (wholeNamespace || namesOurs) return '';
  const marked = `${MARK} IS NOT NULL`;
  return titles.size === 0 ? marked : `(${anyOf('WorkflowType', [...titles.keys()])} OR ${marked})`;
}
/** In one of some shares, each with values in it: an empty list would let everything through. */
const shareTerm = ({ ids, definition, actor }: RunShare): string =>
  all([
    ids ? anyOf('WorkflowId', ids) : '',
    definition ? anyOf('WorkflowType', definition) : '',
    actor ? anyOf('TaskActor', actor) : '',
  ]);
function sharesTerm(shares: readonly RunShare[]): Term {
  const terms = shares.map(shareTerm);
  const text = terms.includes('') ? '' : `(${terms.map((term) => `(${term})`).join(' OR ')})`;
  const isAsked = shares.every((share) =>
    [share.ids, share.definition, share.actor].every((values) => values?.every(isAskable) ?? true),
  );
  return isAsked ? { text } : { text, rest: 'NOT' };
}

/** How Temporal is asked for each field. One without a row here does not compile. */
const TERMS: { readonly [F in keyof FilterValues]: ToTerm<FilterValues[F]> } = {
  // Elasticsearch takes apart what is one word elsewhere.
  search: (typed, context) => ({ text: searchTerm(toSearch(typed), context), rest: 'EXACTLY' }),
  ids: isOneOf('WorkflowId'),
  idsNot: isNoneOf('WorkflowId'),
  definition: isOneOf('WorkflowType'),
  definitionNot: isNoneOf('WorkflowType'),
  // Together they are one term, which is always asked; a delay may end between question and answer.
  status: () => ({ text: '', rest: 'EXACTLY' }),
  statusNot: () => ({ text: '', rest: 'EXACTLY' }),
  // A chain's first start is not indexed, only that of its current link.
  createdAfter: (after) => ({ text: `StartTime >= ${time(after)}`, rest: 'FIRST_ITERATIONS' }),
  createdBefore: (before) => ({
    text: `(StartTime < ${time(before)} OR TaskIteration > 1)`,
    rest: 'FIRST_ITERATIONS',
  }),
  // Undelayed runs have an execution time too.
  scheduledAfter: (after) => ({ text: `ExecutionTime >= ${time(after)}`, rest: 'NOT' }),
  scheduledBefore: (before) => ({ text: `ExecutionTime < ${time(before)}`, rest: 'NOT' }),
  finishedAfter: (after) => ({ text: `CloseTime >= ${time(after)}` }),
  finishedBefore: (before) => ({ text: `CloseTime < ${time(before)}` }),
  // Temporal finds no beginnings in a list of keywords.
  tagsAny: (tags) => sifting(tags, tags.every(isAskable) ? anyOf('TaskTags', tags.map(lower)) : ''),
  tagsAll: (tags) =>
    sifting(tags, all(tags.filter(isAskable).map((tag) => `TaskTags = ${text(lower(tag))}`))),
  tagsNone: (tags) => sifting(tags, noneOf('TaskTags', tags.map(lower))),
  parent: (ids) => sifting(ids, orParent(anyOf('TaskParent', ids), anyOf(TEMPORAL_PARENT, ids))),
  parentNot: (ids) =>
    sifting(ids, orParent(notIn('TaskParent', ids), noneOf(TEMPORAL_PARENT, ids))),
  topLevel: (isTop) => ({ text: isTop ? IS_TOP_LEVEL : IS_CHILD }),
  actor: isOneOf('TaskActor'),
  actorNot: isNoneOf('TaskActor'),
  name: (names, context) =>
    sifting(
      names,
      orTitled(anyOf('TaskName', names), (title) => names.includes(title), context),
    ),
  nameNot: (names, context) =>
    sifting(
      names,
      orTitled(notIn('TaskName', names), (title) => !names.includes(title), context),
    ),
  // Case counts in some stores, and not in others: the words are asked for instead. Those of a very long name are not
  // all indexed, but the first always are.
  namePrefix: (prefix, context) => ({
    text: withWords(toSearch(prefix).words.slice(0, 3), context),
    rest: 'NOT',
  }),
  rerunOf: isOneOf('TaskRerunOf'),
  rerunOfNot: isNoneOf('TaskRerunOf'),
  resumeOf: (ids, context) => isOneOf('TaskRerunOf')(ids.map(resumed), context),
  resumeOfNot: (ids, context) => isNoneOf('TaskRerunOf')(ids.map(resumed), context),
  iterationMin: (min) => ({ text: orFirst(`TaskIteration >= ${min}`, min <= 1) }),
  iterationMax: (max) => ({ text: orFirst(`TaskIteration <= ${max}`, max >= 1) }),
  // The attribute is what Temporal has an index of; but workflow code can write it, and nothing can change an id.
  tenant: (tenant) => ({
    text: `TaskTenant = ${text(tenant)} AND WorkflowId STARTS_WITH ${text(inTenant(tenant, ''))}`,
    rest: 'EXACTLY',
  }),
  anyOf: sharesTerm,
  where: () => ({ text: '', rest: 'NOT' }),
};

function isOneOf(attribute: string): ToTerm<readonly string[]> {
  return (values) => sifting(values, anyOf(attribute, values));
}
function isNoneOf(attribute: string): ToTerm<readonly string[]> {
  return (values) => sifting(values, noneOf(attribute, values));
}
const sifting = (values: readonly string[], asked: string): Term =>
  values.every(isAskable) ? { text: asked } : { text: asked, rest: 'NOT' };

function searchTerm({ words, idStart }: Search, context: QueryContext): string {
  const terms = [
    withWords(words, context),
    ...(idStart === null ? [] : spellingsOf(idStart, context)).map(
      (start) => `WorkflowId STARTS_WITH ${text(start)}`,
    ),
  ].filter(Boolean);
  return terms.length === 0 ? NOTHING : `(${terms.join(' OR ')})`;
}

/** Case counts in some stores: an id begins with its definition, as that is spelt, and is in lower case for the rest. */
function spellingsOf(start: string, { titles }: QueryContext): readonly string[] {
  // A tenant's name is in lower case, too.
  const small = lower(start);
  const at = small.indexOf(TENANT_MARK) + 1;
  const [tenant, rest] = [small.slice(0, at), small.slice(at)];
  const begun = [...titles.keys()].filter((id) => {
    const beginning = `${lower(id)}-`;
    return beginning.startsWith(rest) || rest.startsWith(beginning);
  });
  const spelt = begun.map((id) => (id + rest.slice(id.length)).slice(0, rest.length));
  return [...new Set([start, small, ...spelt.map((id) => tenant + id)])];
}

/** Temporal takes any of the words of one literal: one term each takes all of them. */
const withWords = (words: readonly string[], context: QueryContext): string =>
  orTitled(
    words.length === 0 ? '' : `(${all(words.map((word) => `TaskWords = ${text(word)}`))})`,
    (title) => {
      const beginnings = beginningsOf(title);
      return words.every((word) => beginnings.has(word));
    },
    context,
  );

/** A run that was started around the service has no name of its own and shows its definition's title. */
function orTitled(
  term: string,
  fits: (title: string) => boolean,
  { titles }: QueryContext,
): string {
  if (term === '') return '';
  const definitions = [...titles].filter(([, title]) => fits(title)).map(([id]) => id);
  return definitions.length === 0
    ? term
    : `(${term} OR (TaskName IS NULL AND ${anyOf('WorkflowType', definitions)}))`;
}

/** A child that other code started has no parent of ours, and shows Temporal's. */
const TEMPORAL_PARENT = 'ParentWorkflowId';
const orParent = (ours: string, temporal: string): string =>
  ours && `(${ours} OR (TaskParent IS NULL AND ${temporal}))`;
const IS_TOP_LEVEL = `TaskParent IS NULL AND ${TEMPORAL_PARENT} IS NULL`;
const IS_CHILD = `(TaskParent IS NOT NULL OR ${TEMPORAL_PARENT} IS NOT NULL)`;

const orFirst = (term: string, fits: boolean): string =>
  fits ? `(${term} OR TaskIteration IS NULL)` : term;

function statusesOf({ status, statusNot = [] }: TaskRunFilter): ReadonlySet<TaskRunStatus> {
  const wanted = new Set(status?.length ? status : Object.values(TaskRunStatus));
  for (const one of statusNot) wanted.delete(one);
  return wanted;
}

function statusTerm(wanted: ReadonlySet<TaskRunStatus>, now: Date): string {
  if (wanted.size === 0) return NOTHING;
  if (wanted.size === Object.keys(TaskRunStatus).length) return NO_PREDECESSORS;
  const indexed = Object.entries(CLOSED_STATUSES)
    .filter(([, status]) => wanted.has(status))
    .map(([word]) => word);
  const parts = OPEN_STATUSES.every((status) => wanted.has(status))
    ? [...indexed, 'Running', 'Paused']
    : indexed;
  const terms = parts.length > 0 ? [`ExecutionStatus IN ${list(parts)}`] : [];
  if (parts.length === indexed.length)
    for (const status of OPEN_STATUSES)
      if (wanted.has(status)) terms.push(`(${IS_OPEN} AND ${OPEN_TERM[status](time(now))})`);
  return terms.length === 1 ? (terms[0] ?? NOTHING) : `(${terms.join(' OR ')})`;
}

const OPEN_STATUSES = Object.values(TaskRunStatus).filter(isOpen);
function isOpen(status: TaskRunStatus): status is OpenStatus {
  return !isClosed(status);
}
/** As a row is mapped: only a first link can be delayed, and an abort shows whatever else is true. */
const OPEN_TERM: Readonly<Record<OpenStatus, (now: string) => string>> = {
  PENDING: (now) => `TaskAbort IS NULL AND ExecutionTime > ${now} AND (${IS_FIRST_ITERATION})`,
  RUNNING: (now) => `TaskAbort IS NULL AND (ExecutionTime <= ${now} OR TaskIteration > 1)`,
  ABORTING: () => 'TaskAbort IS NOT NULL',
};

/** Empty where one of the values has no beginning that could be asked for. */
function anyOf(attribute: string, values: readonly string[]): string {
  const whole = values.filter(isAskable);
  if (whole.length === values.length) return `${attribute} IN ${list(values)}`;
  const starts = values.filter((value) => !isAskable(value)).map(askableStart);
  if (starts.includes('')) return '';
  return `(${[
    ...(whole.length > 0 ? [`${attribute} IN ${list(whole)}`] : []),
    ...starts.map((start) => `${attribute} STARTS_WITH ${text(start)}`),
  ].join(' OR ')})`;
}
function notIn(attribute: string, values: readonly string[]): string {
  const whole = values.filter(isAskable);
  return whole.length === 0 ? '' : `${attribute} NOT IN ${list(whole)}`;
}
/** In SQL no comparison with a missing value is true; whoever excludes a value wants those runs too. */
function noneOf(attribute: string, values: readonly string[]): string {
  const term = notIn(attribute, values);
  return term && `(${term} OR ${attribute} IS NULL)`;
}

/**
 * PostgreSQL's store takes each `?` of a filter for a parameter, also inside a literal, and fails. Such a value is
 * asked for by what it begins with, or not at all, and each row is asked for the rest.
 */
function isAskable(value: string): boolean {
  return !value.includes('?');
}
/** What a value that cannot be asked for begins with. Without a space at its end, which no literal has. */
const askableStart = (value: string): string => value.slice(0, value.indexOf('?')).trimEnd();

const all = (terms: readonly (string | false)[]): string => terms.filter(Boolean).join(' AND ');
const list = (values: readonly string[]): string => `(${values.map(text).join(', ')})`;

/** Temporal keeps times as nanoseconds in 64 bits: a time beyond them is one that no run has. */
const LAST_TIME = Date.UTC(2262, 0);
const time = (value: Date | number): string =>
  `'${new Date(Math.min(Math.max(Number(value), 0), LAST_TIME)).toISOString()}'`;

const resumed = (id: string): string => `${RESUMES}${id}`;
const lower = (value: string): string => value.toLowerCase();
