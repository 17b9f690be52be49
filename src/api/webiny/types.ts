import type { ObjectRef } from '@pothos/core';
import type { LogLine } from '../../definition/run-log.ts';
import type { TaskRun } from '../../definition/task-run.ts';
import type { Settings, TaskDefinitionInfo } from '../../definition/tasks.ts';
import type { GatewayContext } from '../schema/context.ts';
import type { WebinyBuilder, WebinyTypes } from './builder.ts';
import type { Envelope, EnvelopeError } from './envelope.ts';
import type { Inputs } from './inputs.ts';
import { logsOf, type LogSource } from './list-logs.ts';
import type { LogRecord } from './log-records.ts';
import type { ListPage } from './paging.ts';
import {
  executionNameOf,
  type Identity,
  identityOf,
  iterationsOf,
  savedOn,
  typeOf,
} from './rows.ts';
import { eventResponseOf, outputOf } from './task-fields.ts';
import { toFieldDescriptors } from './to-field-descriptors.ts';
import { WORDS } from './words.ts';

/** What list fields answer. */
export type ListEnvelope<Row> = Envelope<readonly Row[]> & {
  readonly meta: ListPage<Row>['meta'] | null;
};
type Ref<Row> = ObjectRef<WebinyTypes, Row>;
/** What the fields of the namespace answer. */
export interface Types {
  readonly task: Ref<Envelope<TaskRun>>;
  readonly trigger: Ref<Envelope<TaskRun>>;
  readonly deletion: Ref<Envelope<boolean>>;
  readonly tasks: Ref<ListEnvelope<TaskRun>>;
  readonly logs: Ref<ListEnvelope<LogRecord>>;
  readonly definitions: Ref<Envelope<readonly TaskDefinitionInfo[]>>;
  readonly settings: Ref<Envelope<Settings>>;
}

export function addTypes(
  builder: WebinyBuilder,
  inputs: Inputs,
  sourceOf: (context: GatewayContext) => LogSource,
): Types {
  const error = builder.objectRef<EnvelopeError>('WebinyBackgroundTaskError').implement({
    fields: (t) => ({
      message: t.exposeString('message', { nullable: true }),
      code: t.exposeString('code', { nullable: true }),
      data: t.expose('data', { type: 'JSON', nullable: true }),
      stack: t.string({ nullable: true, resolve: () => null }),
    }),
  });
  const meta = builder.objectRef<ListPage<unknown>['meta']>('WebinyBackgroundTaskMeta').implement({
    fields: (t) => ({
      cursor: t.exposeString('cursor', { nullable: true }),
      hasMoreItems: t.exposeBoolean('hasMoreItems'),
      totalCount: t.exposeInt('totalCount'),
    }),
  });
  const identity = builder.objectRef<Identity>('WebinyBackgroundTaskIdentity').implement({
    fields: (t) => ({
      id: t.exposeString('id'),
      displayName: t.exposeString('displayName'),
      type: t.exposeString('type', { nullable: true }),
    }),
  });
  const task = builder.objectRef<TaskRun>('WebinyBackgroundTask');
  const log = builder.objectRef<LogRecord>('WebinyBackgroundTaskLog');
  const item = builder.objectRef<LogLine>('WebinyTaskLog_Items').implement({
    fields: (t) => ({
      message: t.exposeString('message', { nullable: true }),
      createdOn: t.expose('time', { type: 'DateTime', nullable: true }),
      type: t.string({ nullable: true, resolve: typeOf }),
      data: t.expose('data', { type: 'JSON', nullable: true }),
      error: t.field({ type: 'JSON', nullable: true, resolve: errorOf }),
    }),
  });
  log.implement({
    fields: (t) => ({
      id: t.exposeString('id'),
      createdOn: t.expose('createdOn', { type: 'DateTime' }),
      createdBy: t.field({ type: identity, resolve: ({ run }) => identityOf(run) }),
      task: t.field({ type: task, resolve: ({ run }) => run }),
      executionName: t.string({ nullable: true, resolve: ({ run }) => executionNameOf(run) }),
      iteration: t.field({
        type: 'Number',
        nullable: true,
        resolve: ({ iteration }) => iteration,
      }),
      items: t.field({ type: [item], nullable: true, resolve: ({ lines }) => lines }),
    }),
  });
  task.implement({
    fields: (t) => ({
      id: t.exposeString('id'),
      createdOn: t.expose('createdAt', { type: 'DateTime' }),
      savedOn: t.field({ type: 'DateTime', nullable: true, resolve: savedOn }),
      createdBy: t.field({ type: identity, resolve: identityOf }),
      logs: t.field({
        type: [log],
        args: {
          where: t.arg({ type: inputs.logWhere }),
          limit: t.arg({ type: 'Number' }),
          sort: t.arg({ type: [inputs.logSorter] }),
        },
        resolve: (run, args, context) => logsOf(sourceOf(context), run, args),
      }),
      name: t.exposeString('name', { nullable: true }),
      definitionId: t.exposeString('definition', { nullable: true }),
      parentId: t.exposeString('parent', { nullable: true }),
      executionName: t.string({ nullable: true, resolve: executionNameOf }),
      iterations: t.field({ type: 'Number', nullable: true, resolve: iterationsOf }),
      input: t.field({
        type: 'JSON',
        nullable: true,
        resolve: (run, _args, { loaders }) => loaders.input(run),
      }),
      output: t.field({
        type: 'JSON',
        nullable: true,
        resolve: (run, _args, { loaders }) => outputOf(run, loaders),
      }),
      taskStatus: t.string({ nullable: true, resolve: ({ status }) => WORDS[status] }),
      startedOn: t.expose('startedAt', { type: 'DateTime', nullable: true }),
      finishedOn: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
      eventResponse: t.field({
        type: 'JSON',
        nullable: true,
        resolve: (run, _args, { loaders }) => eventResponseOf(run, loaders),
      }),
    }),
  });
  const definition = builder
    .objectRef<TaskDefinitionInfo>('WebinyBackgroundTaskDefinition')
    .implement({
      fields: (t) => ({
        id: t.exposeString('id'),
        title: t.exposeString('title'),
        description: t.exposeString('description', { nullable: true }),
        fields: t.field({
          type: 'JSON',
          nullable: true,
          resolve: ({ inputSchema }) => toFieldDescriptors(inputSchema),
        }),
      }),
    });
  const settings = builder.objectRef<Settings>('WebinyBackgroundTaskSettings').implement({
    fields: (t) => ({ retentionDays: t.exposeInt('retentionDays', { nullable: true }) }),
  });

  const taskEnvelope = (name: string) =>
    builder.objectRef<Envelope<TaskRun>>(name).implement({
      fields: (t) => ({
        data: t.expose('data', { type: task, nullable: true }),
        error: t.expose('error', { type: error, nullable: true }),
      }),
    });
  return {
    task: taskEnvelope('WebinyBackgroundTaskResponse'),
    trigger: taskEnvelope('WebinyBackgroundTaskTriggerResponse'),
    deletion: builder.objectRef<Envelope<boolean>>('WebinyBackgroundTaskDeleteResponse').implement({
      fields: (t) => ({
        data: t.exposeBoolean('data', { nullable: true }),
        error: t.expose('error', { type: error, nullable: true }),
      }),
    }),
    tasks: builder.objectRef<ListEnvelope<TaskRun>>('WebinyBackgroundTaskListResponse').implement({
      fields: (t) => ({
        data: t.expose('data', { type: [task], nullable: true }),
        meta: t.expose('meta', { type: meta, nullable: true }),
        error: t.expose('error', { type: error, nullable: true }),
      }),
    }),
    logs: builder
      .objectRef<ListEnvelope<LogRecord>>('WebinyBackgroundTaskLogListResponse')
      .implement({
        fields: (t) => ({
          data: t.expose('data', { type: [log], nullable: true }),
          meta: t.expose('meta', { type: meta, nullable: true }),
          error: t.expose('error', { type: error, nullable: true }),
        }),
      }),
    definitions: builder
      .objectRef<Envelope<readonly TaskDefinitionInfo[]>>(
        'WebinyBackgroundTaskListDefinitionsResponse',
      )
      .implement({
        fields: (t) => ({
          data: t.expose('data', { type: [definition], nullable: true }),
          error: t.expose('error', { type: error, nullable: true }),
        }),
      }),
    settings: builder
      .objectRef<Envelope<Settings>>('WebinyBackgroundTaskSettingsResponse')
      .implement({
        fields: (t) => ({
          data: t.expose('data', { type: settings, nullable: true }),
          error: t.expose('error', { type: error, nullable: true }),
        }),
      }),
  };
}

/** An error line's message, and its data when that is an object. */
function errorOf(line: LogLine): unknown {
  if (typeOf(line) !== 'error') return null;
  const { message, data } = line;
  return { ...(typeof data === 'object' && !Array.isArray(data) && data), message };
}
