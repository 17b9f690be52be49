import type { TaskRunFilter } from './tasks.ts';

/** A filter as far as callers of the gateway may set it: neither rights nor predicates. */
export type PlacedFilter = Omit<TaskRunFilter, 'where' | 'tenant' | 'anyOf'>;

/** Where the fields of a filter are in GraphQL, for the gateway and its clients. One without a place does not compile. */
export const FILTER_PLACES = {
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
} as const satisfies Record<keyof PlacedFilter, string>;
