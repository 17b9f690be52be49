import { TaskError } from '../../../../src/contract/task-error.ts';
import type { TaskRunFilter } from '../../../../src/contract/tasks.ts';
import type { TaskRunFilter as FilterInput } from '../documents/generated.ts';

/** A filter without what only code beside the gateway can give. */
export type RemoteFilter = Omit<TaskRunFilter, 'where' | 'tenant' | 'anyOf'>;

/** Where the fields of a filter are in GraphQL. One without a place does not compile. */
const PLACES = {
  search: 'search',
  ids: 'id.in',
  idsNot: 'id.notIn',
  definition: 'definition.in',
  definitionNot: 'definition.notIn',
  status: 'status.in',
  statusNot: 'status.notIn',
  createdAfter: 'createdAt.after',
  createdBefore: 'createdAt.before',
  scheduledAfter: 'scheduledFor.after',
  scheduledBefore: 'scheduledFor.before',
  finishedAfter: 'finishedAt.after',
  finishedBefore: 'finishedAt.before',
  tagsAny: 'tags.any',
  tagsAll: 'tags.all',
  tagsNone: 'tags.none',
  parent: 'parent.in',
  parentNot: 'parent.notIn',
  topLevel: 'topLevel',
  actor: 'triggeredBy.in',
  actorNot: 'triggeredBy.notIn',
  name: 'name.in',
  nameNot: 'name.notIn',
  namePrefix: 'name.startsWith',
  rerunOf: 'rerunOf.in',
  rerunOfNot: 'rerunOf.notIn',
  resumeOf: 'resumeOf.in',
  resumeOfNot: 'resumeOf.notIn',
  iterationMin: 'iteration.min',
  iterationMax: 'iteration.max',
} satisfies Record<keyof RemoteFilter, Place>;
type Place = keyof FilterInput | `${keyof FilterInput}.${string}`;
const PLACE_OF: Readonly<Record<string, string | undefined>> = PLACES;

/** The filter as GraphQL has it. Throws `INVALID_FILTER` for a field that it has not. */
export function toFilter(filter: RemoteFilter = {}): FilterInput {
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(filter)) {
    if (value === undefined) continue;
    const place = PLACE_OF[name];
    if (place === undefined)
      throw new TaskError('INVALID_FILTER', `A client cannot filter by \`${name}\`.`, {
        argument: name,
      });
    const [field = '', part] = place.split('.');
    const told = value instanceof Date ? toText(value) : value;
    given[field] = part === undefined ? told : Object.assign(given[field] ?? {}, { [part]: told });
  }
  return given;
}

/** An invalid date is sent as one, to be refused in the gateway's words: JSON would leave it out. */
export const toText = (date: Date): string =>
  Number.isNaN(date.getTime()) ? String(date) : date.toISOString();

/** An error about a field of a filter, under the name that it has here. */
export function namedAsGiven(error: unknown): unknown {
  if (!(error instanceof TaskError) || error.code !== 'INVALID_FILTER') return error;
  const { argument } = error.details;
  const [name] = Object.entries(PLACES).find(([, place]) => place === argument) ?? [];
  if (argument === undefined || name === undefined) return error;
  const message = error.message.replace(`\`${argument}\``, `\`${name}\``);
  return new TaskError('INVALID_FILTER', message, { ...error.details, argument: name });
}
