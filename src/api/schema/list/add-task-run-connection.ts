import { LIMITS } from '../../../contract/limits.ts';
import type { TaskRunOrder } from '../../../contract/tasks.ts';
import type { Builder } from '../kit/builder.ts';
import { toConnection } from '../kit/connection.ts';
import type { Connection, Edge } from '../kit/connection.ts';
import { withoutNulls } from '../kit/without-nulls.ts';
import { toTaskRunFilter } from './add-task-run-filter.ts';

/** The largest page. */

export function addTaskRunConnection(builder: Builder): void {
  builder.enumType('TaskRunOrder', {
    description:
      'How a list is sorted. `NEWEST_FIRST` and `LAST_FINISHED_FIRST` work for any number of runs; the others sort up to 1,000 runs that match, and beyond that ask for a narrower filter.',
    values: ORDERS,
  });

  const edge = builder.objectRef<Edge>('TaskRunEdge').implement({
    description: 'A run and its place in the list.',
    fields: (t) => ({
      node: t.field({ type: 'TaskRun', description: 'The run.', resolve: ({ node }) => node }),
      cursor: t.string({
        description: 'Its place: give it as `after` to get what follows.',
        resolve: async (place) => await place.cursor(),
      }),
    }),
  });

  const pageInfo = builder.objectRef<Connection>('PageInfo').implement({
    description: 'Where a page is in its list.',
    fields: (t) => ({
      hasNextPage: t.exposeBoolean('hasNextPage', { description: 'More runs may follow.' }),
      hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
        description: 'It does not start at the beginning of the list.',
      }),
      startCursor: t.string({
        nullable: true,
        description: 'Place of the first run; null for an empty page.',
        resolve: async (connection) => await connection.startCursor(),
      }),
      endCursor: t.string({
        nullable: true,
        description:
          'Where the next page starts: give it as `after`. Set whenever there may be a next page.',
        resolve: async (connection) => await connection.endCursor(),
      }),
    }),
  });

  builder.objectType('TaskRunConnection', {
    description: 'A page of a list of runs.',
    fields: (t) => ({
      nodes: t.field({
        type: ['TaskRun'],
        description: 'The runs.',
        resolve: ({ runs }) => runs,
      }),
      edges: t.field({
        type: [edge],
        description: 'The runs with their places.',
        resolve: (connection) => connection.edges(),
      }),
      pageInfo: t.field({
        type: pageInfo,
        description: 'Where the page is in the list.',
        resolve: (connection) => connection,
      }),
      totalCount: t.int({
        nullable: true,
        description:
          'How many runs are in the whole list. It is counted only when it is asked for.',
        resolve: async (connection) => await connection.totalCount(),
      }),
    }),
  });

  builder.queryField('taskRuns', (t) =>
    t.field({
      type: 'TaskRunConnection',
      nullable: true,
      description:
        'The runs that fit, a page at a time. What was just triggered, aborted or deleted here shows at once. Null only beside an error.',
      args: {
        filter: t.arg({ type: 'TaskRunFilter', description: 'Which runs. Default: all.' }),
        orderBy: t.arg({
          type: 'TaskRunOrder',
          defaultValue: 'NEWEST_FIRST',
          description: 'How they are sorted.',
        }),
        first: t.arg.int({
          defaultValue: 50,
          description: `How many runs: 1 to ${LIMITS.runs}.`,
        }),
        after: t.arg.string({
          description: 'Only what follows this place; it must be of the same filter and order.',
        }),
      },
      resolve: async (_, { filter, ...page }, { tasks }) =>
        await toConnection(tasks, { filter: toTaskRunFilter(filter), ...withoutNulls(page) }),
    }),
  );
}

const ORDERS: Readonly<Record<TaskRunOrder, { readonly description: string }>> = {
  NEWEST_FIRST: { description: 'By `createdAt`, the newest first.' },
  OLDEST_FIRST: { description: 'By `createdAt`, the oldest first.' },
  LAST_FINISHED_FIRST: { description: 'By `finishedAt`, the latest first.' },
  FIRST_FINISHED_FIRST: { description: 'By `finishedAt`, the earliest first.' },
  NAME: { description: 'By `name`.' },
  NAME_DESCENDING: { description: 'By `name`, backwards.' },
  DEFINITION: { description: 'By `definitionId`.' },
  DEFINITION_DESCENDING: { description: 'By `definitionId`, backwards.' },
  STATUS: { description: 'By the word of the status.' },
  STATUS_DESCENDING: { description: 'By the word of the status, backwards.' },
  STARTED: { description: 'By `startedAt`, the earliest first.' },
  STARTED_DESCENDING: { description: 'By `startedAt`, the latest first.' },
  ID: { description: 'By `id`.' },
  ID_DESCENDING: { description: 'By `id`, backwards.' },
  ACTOR: { description: 'By `triggeredBy`.' },
  ACTOR_DESCENDING: { description: 'By `triggeredBy`, backwards.' },
  PARENT: { description: 'By `parentId`.' },
  PARENT_DESCENDING: { description: 'By `parentId`, backwards.' },
  ITERATION: { description: 'By `iteration`, the lowest first.' },
  ITERATION_DESCENDING: { description: 'By `iteration`, the highest first.' },
};
