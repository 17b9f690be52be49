import { RIGHTS } from '../../contract/caller.ts';
import type { Right } from '../../contract/caller.ts';
import type { ServerInfo } from '../../contract/tasks.ts';
import type { Builder } from './kit/builder.ts';
import type { WebUi } from './kit/shapes.ts';

const MEANING: Readonly<Record<Right, string>> = {
  read: 'To see runs: where they stand, their times, steps and diagnosis.',
  payloads: 'To see inputs and outputs.',
  logs: 'To read logs.',
  trigger: 'To trigger and repeat runs.',
  abort: 'To abort and terminate runs.',
  delete: 'To remove runs.',
  operate: 'To see workers and Temporal Web UI.',
  settings: 'To change settings.',
};

/** Who asks, and what answers. */
export function addServer(builder: Builder, webUi: WebUi | undefined): void {
  const right = builder.enumType('Right', {
    description: 'What can be allowed.',
    values: Object.fromEntries(
      RIGHTS.map((value) => [value.toUpperCase(), { value, description: MEANING[value] }]),
    ),
  });
  const caller = builder.objectRef<{ name: string; rights: readonly Right[] }>('Caller').implement({
    description: 'Who asks.',
    fields: (t) => ({
      name: t.exposeString('name', {
        description: 'The name that is kept with what it triggers and aborts.',
      }),
      rights: t.field({
        type: [right],
        description: 'What it may do at all. What it can do with one run is in its `abilities`.',
        resolve: ({ rights }) => [...rights],
      }),
    }),
  });
  builder.queryField('me', (t) =>
    t.field({
      type: caller,
      description: 'Who asks, and what it may do.',
      resolve: async (_, __, { tasks, actor }) => {
        const { rights } = await tasks.me();
        return { name: actor.name, rights };
      },
    }),
  );

  const server = builder.objectRef<ServerInfo>('Server').implement({
    description: 'What answers.',
    fields: (t) => ({
      version: t.exposeString('version', { description: 'Version of Waymark.' }),
      namespace: t.exposeString('namespace', { description: 'The namespace of Temporal.' }),
      now: t.expose('now', {
        type: 'DateTime',
        description: 'Its clock, to reckon "3 minutes ago" by.',
      }),
      webUi: t.string({
        nullable: true,
        description: 'Address of Temporal Web UI; null when this gateway was not told where it is.',
        resolve: () => webUi?.address ?? null,
      }),
    }),
  });
  builder.queryField('server', (t) =>
    t.field({
      type: server,
      description: 'What answers.',
      resolve: async (_, __, { tasks }) => await tasks.server(),
    }),
  );
}
