import { TaskError } from './task-error.ts';
import type { TaskRun } from './task-run.ts';
import type { TaskRunFilter } from './tasks.ts';

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
    (filter.where?.test(run) ?? true)
  );
}

/** Throws `INVALID_FILTER` for a value that no run's field could hold, or that Temporal cannot be asked for. */
export function checkFilter(filter: TaskRunFilter): void {
  for (const [field, value] of Object.entries(filter)) {
    if (Array.isArray(value)) checkList(field, value);
    else if (value instanceof Date && Number.isNaN(value.getTime()))
      throw invalid(`Expected \`${field}\` to be a date, got an invalid one.`);
  }
  const { namePrefix, nameWords, iterationMin, iterationMax } = filter;
  if (namePrefix !== undefined) checkValue('namePrefix', namePrefix);
  if (nameWords !== undefined) {
    const count = wordsOf(nameWords).length;
    if (count < 1 || count > 8)
      throw invalid(`Expected \`nameWords\` to have 1 to 8 words, got ${count}.`);
  }
  for (const [field, value] of Object.entries({ iterationMin, iterationMax }))
    if (value !== undefined && !Number.isSafeInteger(value))
      throw invalid(`Expected \`${field}\` to be an integer, got ${value}.`);
}

function checkList(field: string, values: readonly unknown[]): void {
  if (values.length < 1 || values.length > 100)
    throw invalid(`Expected \`${field}\` to have 1 to 100 values, got ${values.length}.`);
  for (const value of values) checkValue(field, value);
}

function checkValue(field: string, value: unknown): void {
  if (typeof value === 'string' && SAFE.test(value) && value === value.trim()) return;
  const shown = typeof value === 'string' ? value.slice(0, 100) : value;
  throw invalid(
    `Expected each value of \`${field}\` to have 1 to 255 characters, without quotes, backslashes, control characters or spaces around it, got ${JSON.stringify(shown)}.`,
  );
}

// Escaping is not enough: Temporal's stores never match some escaped values, and fail on others.
const SAFE = /^[^'"\\`\p{Cc}\p{Cs}\u2661\ufffd]{1,255}$/u;

const wordsOf = (text: string): string[] =>
  text
    .normalize('NFC')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? [];
const oneOf = (values: readonly string[] | undefined, value: string | null): boolean =>
  !values || (value !== null && values.includes(value));
const noneOf = (values: readonly string[] | undefined, value: string | null): boolean =>
  !values || value === null || !values.includes(value);
const has = (run: TaskRun, tag: string): boolean => run.tags.includes(tag.toLowerCase());
const within = (time: Date | null, after: Date | undefined, before: Date | undefined): boolean =>
  (!after || (time !== null && time >= after)) && (!before || (time !== null && time < before));
const invalid = (message: string): TaskError => new TaskError('INVALID_FILTER', message);
