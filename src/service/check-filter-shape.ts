import { inspect } from 'node:util';
import { TaskError, TaskErrorCode } from '../definition/task-error.ts';
import { TaskRunStatus } from '../definition/task-run.ts';
import type { TaskRunFilter } from '../definition/tasks.ts';

/** Throws `INVALID_FILTER` for fields and kinds of values that no filter has: callers without types reach it too. */
export function checkFilterShape(filter: TaskRunFilter): void {
  const fields = Object.entries(filter).filter(([, value]) => value !== undefined);
  if (fields.length > MAX_TERMS)
    throw invalid(`Expected at most ${MAX_TERMS} fields in a filter, got ${fields.length}.`);
  for (const [field, value] of fields) {
    if (!isField(field)) throw invalid(`A filter has no field \`${field}\`.`);
    const [expected, is] = IS[KINDS[field]];
    if (!is(value))
      throw invalid(
        `Expected \`${field}\` to be ${expected}, got ${inspect(value).slice(0, 100)}.`,
      );
  }
  const { tagsAll = [] } = filter;
  if (tagsAll.length > MAX_TERMS)
    throw invalid(
      `Expected \`tagsAll\` to have at most ${MAX_TERMS} values, got ${tagsAll.length}.`,
    );
}

type Kind = 'list' | 'statuses' | 'time' | 'flag' | 'text' | 'integer' | 'predicate';
const KINDS: Record<keyof TaskRunFilter, Kind> = {
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
  where: 'predicate',
};
const STATUSES: ReadonlySet<unknown> = new Set(Object.values(TaskRunStatus));
const IS: Record<Kind, readonly [expected: string, is: (value: unknown) => boolean]> = {
  list: ['a list of texts', Array.isArray],
  statuses: [
    `a list of ${[...STATUSES].join(', ')}`,
    (value) => Array.isArray(value) && value.every((one) => STATUSES.has(one)),
  ],
  time: ['a `Date`', (value) => value instanceof Date],
  flag: ['true or false', (value) => typeof value === 'boolean'],
  text: ['a text', (value) => typeof value === 'string'],
  integer: ['an integer', Number.isSafeInteger],
  predicate: [
    '`{ signature, test }`',
    (value) => typeof value === 'object' && value !== null && 'test' in value,
  ],
};
const MAX_TERMS = 20;

const isField = (field: string): field is keyof TaskRunFilter => Object.hasOwn(KINDS, field);
const invalid = (message: string): TaskError => new TaskError(TaskErrorCode.InvalidFilter, message);
