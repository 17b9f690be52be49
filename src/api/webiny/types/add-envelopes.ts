import type { TaskRun } from '../../../contract/task-run.ts';
import type { Settings, TaskDefinitionInfo } from '../../../contract/tasks.ts';
import type { WebinyBuilder } from './webiny-builder.ts';
import type { Envelope } from '../envelope.ts';
import type { LogRecord } from '../list/log-records.ts';
import type { ListPage } from '../list/paging.ts';
import type { Ref, Types } from './add-types.ts';

/** What list fields answer. */
export type ListEnvelope<Row> = Envelope<readonly Row[]> & {
  readonly meta: ListPage<Row>['meta'] | null;
};

export interface EnvelopeTypes {
  readonly task: Ref<Envelope<TaskRun>>;
  readonly trigger: Ref<Envelope<TaskRun>>;
  readonly deletion: Ref<Envelope<boolean>>;
  readonly tasks: Ref<ListEnvelope<TaskRun>>;
  readonly logs: Ref<ListEnvelope<LogRecord>>;
  readonly definitions: Ref<Envelope<readonly TaskDefinitionInfo[]>>;
  readonly settings: Ref<Envelope<Settings>>;
}

/** Adds what the fields of the namespace answer: data, or an error. */
export function addEnvelopes(
  builder: WebinyBuilder,
  { task, log, definition, settings, meta, error }: Types,
): EnvelopeTypes {
  const oneTask = (name: string): Ref<Envelope<TaskRun>> =>
    builder.objectRef<Envelope<TaskRun>>(name).implement({
      description: DESCRIPTION,
      fields: (t) => ({
        data: t.expose('data', { type: task, nullable: true }),
        error: t.expose('error', { type: error, nullable: true }),
      }),
    });
  const list = <Row>(name: string, type: Ref<Row>): Ref<ListEnvelope<Row>> =>
    builder.objectRef<ListEnvelope<Row>>(name).implement({
      description: DESCRIPTION,
      fields: (t) => ({
        data: t.field({ type: [type], nullable: true, resolve: ({ data }) => data }),
        meta: t.expose('meta', { type: meta, nullable: true }),
        error: t.expose('error', { type: error, nullable: true }),
      }),
    });
  return {
    task: oneTask('WebinyBackgroundTaskResponse'),
    trigger: oneTask('WebinyBackgroundTaskTriggerResponse'),
    deletion: builder.objectRef<Envelope<boolean>>('WebinyBackgroundTaskDeleteResponse').implement({
      description: DESCRIPTION,
      fields: (t) => ({
        data: t.exposeBoolean('data', { nullable: true }),
        error: t.expose('error', { type: error, nullable: true }),
      }),
    }),
    tasks: list('WebinyBackgroundTaskListResponse', task),
    logs: list('WebinyBackgroundTaskLogListResponse', log),
    definitions: builder
      .objectRef<Envelope<readonly TaskDefinitionInfo[]>>(
        'WebinyBackgroundTaskListDefinitionsResponse',
      )
      .implement({
        description: DESCRIPTION,
        fields: (t) => ({
          data: t.expose('data', { type: [definition], nullable: true }),
          error: t.expose('error', { type: error, nullable: true }),
        }),
      }),
    settings: builder
      .objectRef<Envelope<Settings>>('WebinyBackgroundTaskSettingsResponse')
      .implement({
        description: DESCRIPTION,
        fields: (t) => ({
          data: t.expose('data', { type: settings, nullable: true }),
          error: t.expose('error', { type: error, nullable: true }),
        }),
      }),
  };
}

const DESCRIPTION = 'What was asked for, or why not.';
