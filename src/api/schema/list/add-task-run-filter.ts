import { FILTER_PLACES } from '../../../contract/filter-places.ts';
import type { PlacedFilter } from '../../../contract/filter-places.ts';
import { checkFilter } from '../../../contract/rules/run-filter.ts';
import type { TaskRunFilter } from '../../../contract/tasks.ts';
import type { Builder } from '../kit/builder.ts';
import { withoutNulls } from '../kit/without-nulls.ts';
import { namedHere } from '../kit/named-here.ts';
import type { WithNulls } from '../kit/without-nulls.ts';
import type { TaskRunFilterInput } from '../kit/shapes.ts';

export function addTaskRunFilter(builder: Builder): void {
  const ids = builder.inputType('IdFilter', {
    description:
      'Ids: at most 100 in a list. An empty list has nothing chosen, and leaves nothing out.',
    fields: (t) => ({
      in: t.idList({ description: 'It is one of these.' }),
      notIn: t.idList({ description: 'It is none of these.' }),
    }),
  });
  const texts = builder.inputType('TextFilter', {
    description:
      'Texts, compared exactly: at most 100 in a list. An empty list leaves nothing out.',
    fields: (t) => ({
      in: t.stringList({ description: 'It is one of these.' }),
      notIn: t.stringList({ description: 'It is none of these.' }),
    }),
  });
  const statuses = builder.inputType('TaskRunStatusFilter', {
    description: 'Where a run stands. An empty list leaves nothing out.',
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
    description:
      'Tags, in any case: at most 100 in a list, 20 for `all`. An empty list leaves nothing out.',
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
      startsWith: t.string({ description: 'It starts with this, in any case.' }),
    }),
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
      search: t.string({
        description:
          'What somebody types: its name has words that begin with all of these, in any order, or its id begins with it. Case never counts. At most 200 characters and 20 words; an empty text leaves nothing out.',
      }),
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
      rerunOf: t.field({ type: ids, description: 'The id of the run that it repeats.' }),
      resumeOf: t.field({ type: ids, description: 'The id of the run that it goes on from.' }),
      iteration: t.field({ type: range, description: 'Which iteration it is in.' }),
    }),
  });
}

/** The service's filter. Throws `INVALID_FILTER` in the words of this schema. */
export function toTaskRunFilter(filter: WithNulls<TaskRunFilterInput>): TaskRunFilter {
  const given: Readonly<Record<string, unknown>> = withoutNulls(filter);
  const asked = withoutNulls<TaskRunFilter>(
    Object.fromEntries(Object.entries(PLACES).map(([field, place]) => [field, at(given, place)])),
  );
  try {
    checkFilter(asked);
  } catch (error) {
    throw namedHere(error, PLACES);
  }
  return asked;
}

function at(given: Readonly<Record<string, unknown>>, place: string): unknown {
  const [field = '', part] = place.split('.');
  const value = given[field];
  if (part === undefined || typeof value !== 'object' || value === null) return value;
  return Object.entries(value).find(([name]) => name === part)?.[1];
}

/** A place that is not in the schema does not compile. */
const PLACES: Readonly<Record<keyof PlacedFilter, Place>> = FILTER_PLACES;
type Place = keyof TaskRunFilterInput | `${keyof TaskRunFilterInput}.${string}`;
