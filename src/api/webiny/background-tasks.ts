import DataLoader from 'dataloader';
import type { TaskRun } from '../../contract/task-run.ts';
import type { Settings, Tasks } from '../../contract/tasks.ts';
import type { GatewayExtension } from '../extension.ts';
import type { ErrorLog } from '../transport/errors.ts';
import type { GatewayContext } from '../schema/kit/context.ts';
import { atOnce } from './at-once.ts';
import { withScalars } from './types/webiny-builder.ts';
import { abortTask, deleteTask, triggerTask } from './commands.ts';
import { envelope, mutationEnvelope } from './envelope.ts';
import { findRun } from './find-run.ts';
import { addEnvelopes, type ListEnvelope } from './types/add-envelopes.ts';
import { addInputs } from './types/add-inputs.ts';
import { listLogs } from './list/list-logs.ts';
import { listTasks } from './list/list-tasks.ts';
import { type LogRecord, type LogSource, readRecords } from './list/log-records.ts';
import { type ListPage, MAX_LOGS, MAX_ROWS } from './list/paging.ts';
import { selects } from './selects.ts';
import { addTypes } from './types/add-types.ts';

/**
 * Adds `backgroundTasks` to queries and mutations: the API of Webiny's background tasks, whose clients work
 * here unchanged. Nothing else in this project uses its words.
 */
export const backgroundTasks: GatewayExtension = (builder, { definitions, log }) => {
  const extended = withScalars(
    builder,
    definitions.map(({ id }) => id),
  );
  const inputs = addInputs(extended);
  const types = addEnvelopes(extended, addTypes(extended, inputs, sourceOf));
  const counted = ['meta', 'totalCount'];

  const query = extended.objectRef<object>('WebinyBackgroundTaskQuery').implement({
    description: 'Queries of the API of Webiny background tasks.',
    fields: (t) => ({
      _empty: t.string({ description: 'Nothing.', nullable: true, resolve: () => null }),
      getTask: t.field({
        description: 'One run; no data and no error when there is none.',
        type: types.task,
        args: { id: t.arg.id({ required: true }) },
        resolve: (_, { id }, { tasks }) => envelope(log, () => findRun(tasks, id)),
      }),
      listTasks: t.field({
        description:
          'Runs, the newest first unless sorted otherwise. What would need more than 1,000 runs to be looked at is an error.',
        type: types.tasks,
        args: {
          where: t.arg({ type: inputs.taskWhere }),
          sort: t.arg({ type: [inputs.taskSorter] }),
          limit: t.arg.int({ description: LIMIT }),
          after: t.arg.string({ description: AFTER }),
          search: t.arg.string({ description: SEARCH }),
        },
        resolve: (_, args, { tasks }, info) =>
          listEnvelope(log, () =>
            listTasks(tasks, args, {
              counted: selects(info, ...counted),
              max: selects(info, 'data', 'logs') ? MAX_LOGS : MAX_ROWS,
            }),
          ),
      }),
      listDefinitions: t.field({
        description: 'What can be triggered.',
        type: types.definitions,
        resolve: (_, _args, { tasks }) => envelope(log, () => tasks.definitions()),
      }),
      listLogs: t.field({
        description:
          'Log records, the newest first. Without `task` they come by run, and no other order or filter reads more than 100 logs.',
        type: types.logs,
        args: {
          where: t.arg({ type: inputs.logWhere }),
          sort: t.arg({ type: [inputs.logSorter] }),
          limit: t.arg.int({ description: LIMIT }),
          after: t.arg.string({ description: AFTER }),
          search: t.arg.string({ description: SEARCH }),
        },
        resolve: (_, args, context, info) =>
          listEnvelope(log, () =>
            listLogs(sourceOf(context), args, { counted: selects(info, ...counted) }),
          ),
      }),
      getSettings: t.field({
        description: 'How long ended runs are kept.',
        type: types.settings,
        nullable: true,
        resolve: (_, _args, { tasks }) => envelope(log, () => tasks.settings()),
      }),
    }),
  });

  const mutation = extended.objectRef<object>('WebinyBackgroundTaskMutation').implement({
    description: 'Mutations of the API of Webiny background tasks.',
    fields: (t) => ({
      _empty: t.string({ description: 'Nothing.', nullable: true, resolve: () => null }),
      triggerTask: t.field({
        description: 'Starts a run, after `delay` seconds.',
        type: types.trigger,
        args: {
          definition: t.arg({ type: 'WebinyBackgroundTaskDefinitionEnum', required: true }),
          input: t.arg({ type: 'JSON' }),
          name: t.arg.string(),
          delay: t.arg({ type: 'Number' }),
        },
        resolve: (_, args, { tasks }) => mutationEnvelope(log, () => triggerTask(tasks, args)),
      }),
      abortTask: t.field({
        description: 'Asks a run to stop at its next checkpoint.',
        type: types.task,
        args: { id: t.arg.id({ required: true }), message: t.arg.string() },
        resolve: (_, args, { tasks }) => mutationEnvelope(log, () => abortTask(tasks, args)),
      }),
      deleteTask: t.field({
        description: 'Removes a run and its log; an open one is ended.',
        type: types.deletion,
        args: { id: t.arg.id({ required: true }) },
        resolve: (_, { id }, { tasks }) => mutationEnvelope(log, () => deleteTask(tasks, id)),
      }),
      updateSettings: t.field({
        description: 'Changes what is given.',
        type: types.settings,
        nullable: true,
        args: { input: t.arg({ type: inputs.settings, required: true }) },
        resolve: (_, { input }, { tasks }) => envelope(log, () => updateSettings(tasks, input)),
      }),
    }),
  });

  extended.queryField('backgroundTasks', (t) =>
    t.field({ description: ROOT, type: query, nullable: true, resolve: () => ({}) }),
  );
  extended.mutationField('backgroundTasks', (t) =>
    t.field({ description: ROOT, type: mutation, nullable: true, resolve: () => ({}) }),
  );
};

const ROOT = 'The API of Webiny background tasks, for its clients.';
const LIMIT =
  '50 unless it is positive; at most 1,000, or 250 with the logs of as many runs, and `hasMoreItems` tells of the rest.';
const AFTER = 'A cursor of `meta`; one that is no longer known means from the start.';
const SEARCH = 'Words that one text field has all of, in any case.';

async function listEnvelope<Row>(
  log: ErrorLog,
  list: () => Promise<ListPage<Row>>,
): Promise<ListEnvelope<Row>> {
  const { data, error } = await envelope(log, list);
  return { data: data?.items ?? null, meta: data?.meta ?? null, error };
}

async function updateSettings(
  tasks: Tasks,
  { retentionDays }: { readonly retentionDays?: number | null | undefined },
): Promise<Settings> {
  if (retentionDays === null || retentionDays === undefined) return await tasks.settings();
  return await tasks.updateSettings({ retentionDays });
}

/** Logs that are read at once for an operation. */
const CONCURRENCY = 8;
const SOURCES = new WeakMap<GatewayContext, LogSource>();

/** Each run's log is read once in an operation, however often it is asked for. */
function sourceOf(context: GatewayContext): LogSource {
  const known = SOURCES.get(context);
  if (known) return known;
  const { tasks } = context;
  const loader = new DataLoader<TaskRun, readonly LogRecord[], string>(
    (runs) => atOnce(CONCURRENCY, runs, (run) => readRecords(tasks, run).catch(toError)),
    { cacheKeyFn: ({ id }) => id },
  );
  const source: LogSource = { tasks, records: (run) => loader.load(run) };
  SOURCES.set(context, source);
  return source;
}

const toError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error));
