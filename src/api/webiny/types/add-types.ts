import type { ObjectRef } from '@pothos/core';
import type { LogLine } from '../../../contract/wire/run-log.ts';
import type { TaskRun } from '../../../contract/task-run.ts';
import type { Settings, TaskDefinitionInfo } from '../../../contract/tasks.ts';
import type { GatewayContext } from '../../schema/kit/context.ts';
import type { WebinyBuilder, WebinyTypes } from './webiny-builder.ts';
import type { EnvelopeError } from '../envelope.ts';
import type { Inputs } from './add-inputs.ts';
import { logsOf } from '../list/list-logs.ts';
import type { LogRecord, LogSource } from '../list/log-records.ts';
import type { ListPage } from '../list/paging.ts';
import {
  executionNameOf,
  type Identity,
  identityOf,
  iterationsOf,
  savedOn,
  typeOf,
} from '../list/rows.ts';
import { eventResponseOf, outputOf } from '../task-fields.ts';
import { toFieldDescriptors } from './to-field-descriptors.ts';
import { WORDS } from '../words.ts';

/** What the namespace tells of. */
export type Ref<Row> = ObjectRef<WebinyTypes, Row>;
export interface Types {
  readonly task: Ref<TaskRun>;
  readonly log: Ref<LogRecord>;
  readonly definition: Ref<TaskDefinitionInfo>;
  readonly settings: Ref<Settings>;
  readonly meta: Ref<ListPage<unknown>['meta']>;
  readonly error: Ref<EnvelopeError>;
}

/** Adds the types that envelopes hold. */
export function addTypes(
  builder: WebinyBuilder,
  inputs: Inputs,
  sourceOf: (context: GatewayContext) => LogSource,
): Types {
  const error = builder.objectRef<EnvelopeError>('WebinyBackgroundTaskError').implement({
    description: 'Why something was not done; `code` is what to act on.',
    fields: (t) => ({
      message: t.exposeString('message', { nullable: true }),
      code: t.exposeString('code', { nullable: true }),
      data: t.expose('data', { type: 'JSON', nullable: true }),
      stack: t.string({ nullable: true, resolve: () => null }),
    }),
  });
  const meta = builder.objectRef<ListPage<unknown>['meta']>('WebinyBackgroundTaskMeta').implement({
    description: 'Where a page stands in its list.',
    fields: (t) => ({
      cursor: t.exposeString('cursor', {
        description: 'Of the next page; null on the last one.',
        nullable: true,
      }),
      hasMoreItems: t.exposeBoolean('hasMoreItems'),
      totalCount: t.exposeInt('totalCount', { description: 'Of the whole list. Costs a call.' }),
    }),
  });
  const identity = builder.objectRef<Identity>('WebinyBackgroundTaskIdentity').implement({
    description: 'Who triggered a run.',
    fields: (t) => ({
      id: t.exposeString('id'),
      displayName: t.exposeString('displayName'),
      type: t.exposeString('type', { nullable: true }),
    }),
  });
  const task = builder.objectRef<TaskRun>('WebinyBackgroundTask');
  const log = builder.objectRef<LogRecord>('WebinyBackgroundTaskLog');
  const item = builder.objectRef<LogLine>('WebinyTaskLog_Items').implement({
    description: 'A line of a log.',
    fields: (t) => ({
      message: t.exposeString('message', { nullable: true }),
      createdOn: t.expose('time', { type: 'DateTime', nullable: true }),
      type: t.string({ description: '`info` or `error`.', nullable: true, resolve: typeOf }),
      data: t.expose('data', { type: 'JSON', nullable: true }),
      error: t.field({ type: 'JSON', nullable: true, resolve: errorOf }),
    }),
  });
  log.implement({
    description: 'What a run said in one iteration.',
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
    description: 'A run of a task.',
    fields: (t) => ({
      id: t.exposeString('id'),
      createdOn: t.expose('createdAt', { type: 'DateTime' }),
      savedOn: t.field({
        description: 'Of the last change of its status.',
        type: 'DateTime',
        nullable: true,
        resolve: savedOn,
      }),
      createdBy: t.field({ type: identity, resolve: identityOf }),
      logs: t.field({
        description: 'Its log records, the first iteration first.',
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
      executionName: t.string({
        description: 'Its Workflow ID in Temporal; empty until it begins.',
        nullable: true,
        resolve: executionNameOf,
      }),
      iterations: t.field({
        description: '0 until it begins.',
        type: 'Number',
        nullable: true,
        resolve: iterationsOf,
      }),
      input: t.field({
        type: 'JSON',
        nullable: true,
        resolve: (run, _args, { loaders }) => loaders.input(run),
      }),
      output: t.field({
        description: 'What it ended with; `{ error }` of one that failed.',
        type: 'JSON',
        nullable: true,
        resolve: (run, _args, { loaders }) => outputOf(run, loaders),
      }),
      taskStatus: t.string({
        description: '`pending`, `running`, `failed`, `success` or `aborted`.',
        nullable: true,
        resolve: ({ status }) => WORDS[status],
      }),
      startedOn: t.expose('startedAt', { type: 'DateTime', nullable: true }),
      finishedOn: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
      eventResponse: t.field({
        description: 'What Temporal has of it; of an aborted run also by whom, why and how.',
        type: 'JSON',
        nullable: true,
        resolve: (run, _args, { loaders }) => eventResponseOf(run, loaders),
      }),
    }),
  });
  const definition = builder
    .objectRef<TaskDefinitionInfo>('WebinyBackgroundTaskDefinition')
    .implement({
      description: 'A task that can be triggered.',
      fields: (t) => ({
        id: t.exposeString('id'),
        title: t.exposeString('title'),
        description: t.exposeString('description', { nullable: true }),
        fields: t.field({
          description: 'Fields of its input.',
          type: 'JSON',
          nullable: true,
          resolve: ({ inputSchema }) => toFieldDescriptors(inputSchema),
        }),
      }),
    });
  const settings = builder.objectRef<Settings>('WebinyBackgroundTaskSettings').implement({
    description: 'What happens to runs that are over.',
    fields: (t) => ({ retentionDays: t.exposeInt('retentionDays', { nullable: true }) }),
  });

  return { task, log, definition, settings, meta, error };
}

/** An error line's message, and its data when that is an object. */
function errorOf(line: LogLine): unknown {
  if (typeOf(line) !== 'error') return null;
  const { message, data } = line;
  return { ...(typeof data === 'object' && !Array.isArray(data) && data), message };
}
