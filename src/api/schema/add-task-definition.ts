import type { Worker } from '../../contract/task-run.ts';
import type { Builder } from './kit/builder.ts';
import { defaultsOf } from './kit/defaults-of.ts';

export function addTaskDefinition(builder: Builder, mutationOf: (id: string) => string): void {
  const presence = builder.objectRef<Presence>('WorkerPresence').implement({
    description: 'Whether a worker is there to execute runs.',
    fields: (t) => ({
      online: t.exposeBoolean('online', {
        description: 'A worker is there: what is triggered now begins at once.',
      }),
      lastSeen: t.expose('lastSeen', {
        type: 'DateTime',
        nullable: true,
        description: 'The last sign of life of any worker.',
      }),
    }),
  });

  builder.objectType('TaskDefinition', {
    description: 'One kind of work that can be triggered.',
    fields: (t) => ({
      id: t.exposeID('id', { description: 'What it is called in calls and in code.' }),
      title: t.exposeString('title', { description: 'What to show people.' }),
      description: t.exposeString('description', {
        nullable: true,
        description: 'What it does; null when it does not say.',
      }),
      inputSchema: t.expose('inputSchema', {
        type: 'JSON',
        description: 'JSON Schema of the input that it takes.',
      }),
      outputSchema: t.expose('outputSchema', {
        type: 'JSON',
        nullable: true,
        description:
          'JSON Schema of the output that its runs end with; null when it declares none.',
      }),
      examples: t.expose('examples', {
        type: ['JSON'],
        description: 'Inputs to start from.',
      }),
      defaults: t.field({
        type: 'JSON',
        description:
          'What an empty input is filled with: an object of the fields that have defaults.',
        resolve: ({ inputSchema }) => defaultsOf(inputSchema),
      }),
      grace: t.exposeInt('grace', {
        description: 'Seconds that an aborted run may take to stop.',
      }),
      mutation: t.string({
        description: 'Name of the mutation that triggers it with a typed input.',
        resolve: ({ id }) => mutationOf(id),
      }),
      worker: t.field({
        type: presence,
        nullable: true,
        description: 'Whether a worker is there to execute its runs.',
        resolve: async (_, __, { loaders }) => toPresence(await loaders.workers()),
      }),
    }),
  });

  builder.queryField('taskDefinitions', (t) =>
    t.field({
      type: ['TaskDefinition'],
      description: 'Everything that can be triggered.',
      resolve: (_, __, { tasks }) => tasks.definitions(),
    }),
  );
  builder.queryField('taskDefinition', (t) =>
    t.field({
      type: 'TaskDefinition',
      nullable: true,
      description: 'One definition; null when there is none of this id.',
      args: { id: t.arg.id({ required: true, description: 'Its id.' }) },
      resolve: (_, { id }, { tasks }) =>
        tasks.definitions().find((definition) => definition.id === id),
    }),
  );
}

interface Presence {
  readonly online: boolean;
  readonly lastSeen: Date | null;
}

function toPresence(workers: readonly Worker[]): Presence {
  const seen = workers.flatMap(({ lastSeen }) => lastSeen?.getTime() ?? []);
  return {
    online: workers.some(({ online }) => online),
    lastSeen: seen.length > 0 ? new Date(Math.max(...seen)) : null,
  };
}
