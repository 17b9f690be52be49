import type { Worker } from '../../contract/task-run.ts';
import type { Builder } from './kit/builder.ts';

export function addWorker(builder: Builder): void {
  builder.enumType('WorkerStatus', {
    description: 'What is known of a worker.',
    values: {
      STARTING: {
        description:
          'It has just started, and others before it died within seconds: it counts once it has outlived them.',
      },
      RUNNING: { description: 'It is there and takes work.' },
      SHUTTING_DOWN: { description: 'It ends what it has, and takes nothing new.' },
      LOST: {
        description:
          'It has given no sign of life for 15 seconds, or for three of its own heartbeats where it sends them more slowly.',
      },
    } satisfies Record<Worker['status'], object>,
  });

  builder.objectType('Worker', {
    description: 'A process that executes runs.',
    fields: (t) => ({
      id: t.exposeID('id', {
        description: 'Of this start of the process: the next start has another one.',
      }),
      identity: t.exposeString('identity', {
        description:
          'What Temporal calls it in histories and in Web UI: `<pid>@<host>`, or the name that it was given.',
      }),
      host: t.exposeString('host', { description: 'The machine that it is on.' }),
      pid: t.exposeString('pid', { description: 'Its process there.' }),
      taskQueue: t.exposeString('taskQueue', { description: 'The queue that it takes work from.' }),
      online: t.exposeBoolean('online', { description: 'It takes work.' }),
      status: t.expose('status', { type: 'WorkerStatus', description: 'What is known of it.' }),
      startedAt: t.expose('startedAt', {
        type: 'DateTime',
        nullable: true,
        description: 'When it started; null for one that is known by its polls alone.',
      }),
      lastSeen: t.expose('lastSeen', {
        type: 'DateTime',
        nullable: true,
        description: 'Its last sign of life.',
      }),
      version: t.exposeString('version', {
        nullable: true,
        description: 'Of its worker deployment; null for one without versions.',
      }),
      activitySlots: t.expose('activitySlots', {
        type: 'WorkerSlots',
        nullable: true,
        description: 'Activities that it runs; null while it has not told.',
      }),
      workflowTaskSlots: t.expose('workflowTaskSlots', {
        type: 'WorkerSlots',
        nullable: true,
        description: 'Workflow tasks that it runs; null while it has not told.',
      }),
      sdkVersion: t.exposeString('sdkVersion', { description: 'Version of its Temporal SDK.' }),
    }),
  });

  builder.objectType('WorkerSlots', {
    description: 'How much a worker does at once.',
    fields: (t) => ({
      used: t.exposeInt('used', { description: 'That many are at work.' }),
      free: t.exposeInt('free', {
        nullable: true,
        description: 'That many more it takes; null for a worker that decides from case to case.',
      }),
    }),
  });

  builder.queryField('workers', (t) =>
    t.field({
      type: ['Worker'],
      nullable: true,
      description:
        'The processes that execute runs, lost ones included. Null only beside an error, such as `FORBIDDEN`.',
      resolve: async (_, __, { loaders }) => await loaders.workers(),
    }),
  );
}
