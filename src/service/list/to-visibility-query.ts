import { checkFilter } from '../../contract/rules/match-filter.ts';
import { TaskRunStatus } from '../../contract/task-run.ts';
import type { RunShare, TaskRunFilter } from '../../contract/tasks.ts';
import { MARK } from '../../contract/wire/run-fields.ts';
import { wordsOf } from '../../tools/words-of.ts';
import { withoutQuestionMarks, beginningOf, isAskable } from './without-question-marks.ts';

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
  readonly countable: 'EXACTLY' | 'FIRST_ITERATIONS' | 'NOT';
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
  const { namePrefix, scheduledAfter, scheduledBefore, createdAfter, createdBefore, where } =
    filter;
  const { asked, sifted } = withoutQuestionMarks(filter);
  const rest: TaskRunFilter = {
    ...sifted,
    // A delay may end between question and answer.
    status: filter.status,
    statusNot: filter.statusNot,
    // Temporal's stores differ in how they compare case.
    namePrefix,
    // Undelayed runs have an execution time too.
    scheduledAfter,
    scheduledBefore,
    // A chain's first start is not indexed, only that of its current link.
    createdAfter,
    createdBefore,
    where,
  };
  const terms = termsOf(asked, context);
  return {
    text: terms.includes(NOTHING) ? null : terms.filter(Boolean).join(' AND '),
    rest,
    countable:
      (where ?? namePrefix ?? scheduledAfter ?? scheduledBefore) || Object.keys(sifted).length > 0
        ? 'NOT'
        : (createdAfter ?? createdBefore)
          ? 'FIRST_ITERATIONS'
          : 'EXACTLY',
  };
}

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

/** Closed runs, as from a time of close backwards; `to` is not in it. */
export const finishedBefore = (text: string, to: number | null): string =>
  all([text, 'CloseTime IS NOT NULL', to !== null && `CloseTime < ${time(to)}`]);

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

function termsOf(filter: TaskRunFilter, context: QueryContext): readonly string[] {
  const { now, titles } = context;
  const named = (term: string, fits: (title: string) => boolean): string =>
    orUntitled(
      term,
      [...titles].filter(([, title]) => fits(title)).map(([id]) => id),
    );
  return [
    statusTerm(statusesOf(filter), now),
    oursTerm(filter, context),
    given(filter.ids, (ids) => anyOf('WorkflowId', ids)),
    given(filter.idsNot, (ids) => noneOf('WorkflowId', ids)),
    given(filter.definition, (ids) => anyOf('WorkflowType', ids)),
    given(filter.definitionNot, (ids) => noneOf('WorkflowType', ids)),
    given(filter.createdAfter, (after) => `StartTime >= ${time(after)}`),
    given(filter.createdBefore, (before) => `(StartTime < ${time(before)} OR TaskIteration > 1)`),
    given(filter.scheduledAfter, (after) => `ExecutionTime >= ${time(after)}`),
    given(filter.scheduledBefore, (before) => `ExecutionTime < ${time(before)}`),
    given(filter.finishedAfter, (after) => `CloseTime >= ${time(after)}`),
    given(filter.finishedBefore, (before) => `CloseTime < ${time(before)}`),
    given(filter.tagsAny, (tags) => anyOf('TaskTags', tags.map(lower))),
    given(filter.tagsAll, (tags) => all(tags.map((tag) => `TaskTags = ${text(lower(tag))}`))),
    given(filter.tagsNone, (tags) => noneOf('TaskTags', tags.map(lower))),
    given(filter.parent, (ids) => orParent(anyOf('TaskParent', ids), anyOf(TEMPORAL_PARENT, ids))),
    given(filter.parentNot, (ids) =>
      orParent(`TaskParent NOT IN ${list(ids)}`, noneOf(TEMPORAL_PARENT, ids)),
    ),
    given(filter.topLevel, (top) => (top ? IS_TOP_LEVEL : IS_CHILD)),
    given(filter.actor, (names) => anyOf('TaskActor', names)),
    given(filter.actorNot, (names) => noneOf('TaskActor', names)),
    given(filter.name, (names) =>
      named(anyOf('TaskName', names), (title) => names.includes(title)),
    ),
    given(filter.nameNot, (names) =>
      named(`TaskName NOT IN ${list(names)}`, (title) => !names.includes(title)),
    ),
    given(filter.namePrefix, (prefix) =>
      named(`TaskName STARTS_WITH ${text(prefix)}`, (title) => title.startsWith(prefix)),
    ),
    given(filter.nameWords, (words) => {
      const wanted = wordsOf(words);
      // Temporal takes any of the words of one literal: one term each takes all of them.
      const term = all(wanted.map((word) => `TaskWords = ${text(word)}`));
      return named(`(${term})`, (title) => {
        const has = new Set(wordsOf(title));
        return wanted.every((word) => has.has(word));
      });
    }),
    given(filter.tenant, (tenant) => `TaskTenant = ${text(tenant)}`),
    given(filter.anyOf, (shares) => anyShare(shares.map((share) => shareTerm(share)))),
    given(filter.rerunOf, (ids) => anyOf('TaskRerunOf', ids)),
    given(filter.iterationMin, (min) => orFirst(`TaskIteration >= ${min}`, min <= 1)),
    given(filter.iterationMax, (max) => orFirst(`TaskIteration <= ${max}`, max >= 1)),
  ];
}

/** What `isOurs` says of an execution. A filter that names definitions of the catalogue says as much. */
function oursTerm({ definition }: TaskRunFilter, { titles, wholeNamespace }: QueryContext): string {
  if (wholeNamespace || definition?.every((id) => titles.has(id))) return '';
  const marked = `${MARK} IS NOT NULL`;
  return titles.size === 0 ? marked : `(${anyOf('WorkflowType', [...titles.keys()])} OR ${marked})`;
}
const shareTerm = ({ ids, definition, actor }: RunShare): string =>
  all([
    given(ids, (values) => anyOf('WorkflowId', values)),
    given(definition, (values) => anyOf('WorkflowType', values)),
    given(actor, (values) => anyOf('TaskActor', values)),
  ]);
const anyShare = (terms: readonly string[]): string =>
  `(${terms.map((term) => `(${term})`).join(' OR ')})`;

/** A run that was started around the service has no name of its own and shows its definition's title. */
const orUntitled = (term: string, definitions: readonly string[]): string =>
  definitions.length === 0
    ? term
    : `(${term} OR (TaskName IS NULL AND ${anyOf('WorkflowType', definitions)}))`;

/** A child that other code started has no parent of ours, and shows Temporal's. */
const TEMPORAL_PARENT = 'ParentWorkflowId';
const orParent = (ours: string, temporal: string): string =>
  `(${ours} OR (TaskParent IS NULL AND ${temporal}))`;
const IS_TOP_LEVEL = `TaskParent IS NULL AND ${TEMPORAL_PARENT} IS NULL`;
const IS_CHILD = `(TaskParent IS NOT NULL OR ${TEMPORAL_PARENT} IS NOT NULL)`;

const orFirst = (term: string, fits: boolean): string =>
  fits ? `(${term} OR TaskIteration IS NULL)` : term;

function statusesOf({ status, statusNot = [] }: TaskRunFilter): ReadonlySet<TaskRunStatus> {
  const wanted = new Set(status ?? Object.values(TaskRunStatus));
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

const OPEN_STATUSES = ['PENDING', 'RUNNING', 'ABORTING'] as const satisfies TaskRunStatus[];
/** As a row is mapped: only a first link can be delayed, and an abort shows whatever else is true. */
const OPEN_TERM: Record<(typeof OPEN_STATUSES)[number], (now: string) => string> = {
  PENDING: (now) => `TaskAbort IS NULL AND ExecutionTime > ${now} AND (${IS_FIRST_ITERATION})`,
  RUNNING: (now) => `TaskAbort IS NULL AND (ExecutionTime <= ${now} OR TaskIteration > 1)`,
  ABORTING: () => 'TaskAbort IS NOT NULL',
};

function anyOf(field: string, values: readonly string[]): string {
  const whole = values.filter(isAskable);
  if (whole.length === values.length) return `${field} IN ${list(values)}`;
  const begun = values.filter((value) => !isAskable(value)).map(beginningOf);
  return `(${[
    ...(whole.length > 0 ? [`${field} IN ${list(whole)}`] : []),
    ...begun.map((beginning) => `${field} STARTS_WITH ${text(beginning)}`),
  ].join(' OR ')})`;
}
/** In SQL no comparison with a missing value is true; whoever excludes a value wants those runs too. */
const noneOf = (field: string, values: readonly string[]): string =>
  `(${field} NOT IN ${list(values)} OR ${field} IS NULL)`;
const all = (terms: readonly (string | false)[]): string => terms.filter(Boolean).join(' AND ');
const list = (values: readonly string[]): string => `(${values.map(text).join(', ')})`;

/** The second wall: nothing that gets here holds any of this, so a literal is one whatever the store. */
function text(value: string): string {
  if (/^[^'"\\`?\p{Cc}\p{Cs}]+$/u.test(value)) return `'${value}'`;
  throw new TypeError(`Not a literal that Temporal can hold: ${JSON.stringify(value)}`);
}

/** Temporal keeps times as nanoseconds in 64 bits: a time beyond them is one that no run has. */
const LAST_TIME = Date.UTC(2262, 0);
const time = (value: Date | number): string =>
  `'${new Date(Math.min(Math.max(Number(value), 0), LAST_TIME)).toISOString()}'`;

const given = <T>(value: T | undefined, term: (value: T) => string): string =>
  value === undefined ? '' : term(value);
const lower = (value: string): string => value.toLowerCase();
