import { checkFilter } from '../../../contract/rules/match-filter.ts';
import type { TaskRunFilter } from '../../../contract/tasks.ts';
import type { Builder } from '../kit/builder.ts';
import { withoutNulls } from '../kit/without-nulls.ts';
import { namedHere } from '../kit/named-here.ts';
import type { WithNulls } from '../kit/without-nulls.ts';
import type { TaskRunFilterInput } from '../kit/shapes.ts';

export function addTaskRunFilter(builder: Builder): void {
  const ids = builder.inputType('IdFilter', {
    description: 'Ids: 1 to 100 in a list.',
    fields: (t) => ({
      in: t.idList({ description: 'It is one of these.' }),
      notIn: t.idList({ description: 'It is none of these.' }),
    }),
  });
  const texts = builder.inputType('TextFilter', {
    description: 'Texts, compared exactly: 1 to 100 in a list.',
    fields: (t) => ({
      in: t.stringList({ description: 'It is one of these.' }),
      notIn: t.stringList({ description: 'It is none of these.' }),
    }),
  });
  const statuses = builder.inputType('TaskRunStatusFilter', {
    description: 'Where a run stands.',
    fields: (t) => ({
      in: t.field({ type: ['TaskRunStatus'], description: 'It is one of these.' }),
      notIn: t.field({ type: ['TaskRunStatus'], description: 'It is none of these.' }),
    }),
  });
  const period = builder.inputType('DateTimeFilter', {
    description: 'A span of time. A run that has no such time is not in it.',
    fields: (t) => ({
      after: t.field({ type: 'DateTime', description: 'At this moment or later.' }),
      before: t.field({ type: 'DateTime', description: 'Earlier than this moment.' }),
    }),
  });
  const tags = builder.inputType('TagFilter', {
    description: 'Tags, in any case: 1 to 100 in a list.',
    fields: (t) => ({
      any: t.stringList({ description: 'It has at least one of these.' }),
      all: t.stringList({ description: 'It has all of these.' }),
      none: t.stringList({ description: 'It has none of these.' }),
    }),
  });
  const names = builder.inputType('NameFilter', {
    description: 'The display name.',
    fields: (t) => ({
      in: t.stringList({ description: 'It is exactly one of these.' }),
      notIn: t.stringList({ description: 'It is none of these.' }),
      startsWith: t.string({ description: 'It starts with this, in this case.' }),
      words: t.string({ description: 'It has all of these 1 to 8 words, in any order and case.' }),
    }),
  });
  const rerunOf = builder.inputType('RerunOfFilter', {
    description: 'The run that a run repeats.',
    fields: (t) => ({ in: t.idList({ description: 'It is one of these.' }) }),
  });
  const range = builder.inputType('IntRange', {
    description: 'A range of whole numbers, both ends included.',
    fields: (t) => ({
      min: t.int({ description: 'At least this.' }),
      max: t.int({ description: 'At most this.' }),
    }),
  });

  builder.inputType('TaskRunFilter', {
    description:
      'Which runs. A run must fit every field that is given, and without any every run fits.',
    fields: (t) => ({
      id: t.field({ type: ids, description: 'Its id.' }),
      definition: t.field({ type: ids, description: 'The id of its definition.' }),
      status: t.field({ type: statuses, description: 'Where it stands.' }),
      createdAt: t.field({ type: period, description: 'When it was triggered.' }),
      scheduledFor: t.field({ type: period, description: 'When it was due, if it was delayed.' }),
      finishedAt: t.field({ type: period, description: 'When it ended.' }),
      tags: t.field({ type: tags, description: 'Its tags.' }),
      parent: t.field({ type: ids, description: 'The id of the run that it belongs to.' }),
      topLevel: t.boolean({
        description: 'True: it belongs to no other run. False: it belongs to one.',
      }),
      triggeredBy: t.field({ type: texts, description: 'Who triggered it.' }),
      name: t.field({ type: names, description: 'Its display name.' }),
      rerunOf: t.field({ type: rerunOf, description: 'The id of the run that it repeats.' }),
      iteration: t.field({ type: range, description: 'Which iteration it is in.' }),
    }),
  });
}

/** The service's filter. Throws `INVALID_FILTER` in the words of this schema. */
export function toTaskRunFilter(filter: WithNulls<TaskRunFilterInput>): TaskRunFilter {
  const { id, definition, status, createdAt, scheduledFor, finishedAt, ...more } =
    withoutNulls(filter);
  const { tags, parent, topLevel, triggeredBy, name, rerunOf, iteration } = more;
  const asked = withoutNulls<TaskRunFilter>({
    ids: id?.in,
    idsNot: id?.notIn,
    definition: definition?.in,
    definitionNot: definition?.notIn,
    status: status?.in,
    statusNot: status?.notIn,
    createdAfter: createdAt?.after,
    createdBefore: createdAt?.before,
    scheduledAfter: scheduledFor?.after,
    scheduledBefore: scheduledFor?.before,
    finishedAfter: finishedAt?.after,
    finishedBefore: finishedAt?.before,
    tagsAny: tags?.any,
    tagsAll: tags?.all,
    tagsNone: tags?.none,
    parent: parent?.in,
    parentNot: parent?.notIn,
    topLevel,
    actor: triggeredBy?.in,
    actorNot: triggeredBy?.notIn,
    name: name?.in,
    nameNot: name?.notIn,
    namePrefix: name?.startsWith,
    nameWords: name?.words,
    rerunOf: rerunOf?.in,
    iterationMin: iteration?.min,
    iterationMax: iteration?.max,
  });
  try {
    checkFilter(asked);
  } catch (error) {
    throw namedHere(error, NAMES);
  }
  return asked;
}

/** What the service calls the fields, and where they are here. */
const NAMES: Readonly<Record<string, string>> = {
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
  actor: 'triggeredBy.in',
  actorNot: 'triggeredBy.notIn',
  name: 'name.in',
  nameNot: 'name.notIn',
  namePrefix: 'name.startsWith',
  nameWords: 'name.words',
  rerunOf: 'rerunOf.in',
  iterationMin: 'iteration.min',
  iterationMax: 'iteration.max',
} satisfies Partial<Record<keyof TaskRunFilter, string>>;
