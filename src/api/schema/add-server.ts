import { RIGHTS } from '../../contract/caller.ts';
import { mayOfAll } from '../../rights/rights.ts';
import type { Session } from '../../login/session.ts';
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

interface Who {
  readonly name: string;
  readonly rights: readonly Right[];
  readonly session: Session;
}

/** Who asks, and what answers. */
export function addServer(builder: Builder, webUi: WebUi | undefined): void {
  const right = builder.enumType('Right', {
    description: 'What can be allowed.',
    values: Object.fromEntries(
      RIGHTS.map((value) => [value.toUpperCase(), { value, description: MEANING[value] }]),
    ),
  });
  const credential = builder.enumType('CredentialKind', {
    description: 'How a caller was recognised.',
    values: {
      NONE: { description: 'Not at all: there is no login, or one that the application has made.' },
      OIDC: { description: 'By an access token of the login provider.' },
      API_KEY: { description: 'By an API key.' },
      RUN_TOKEN: { description: 'By a token that was minted here, for one run or definition.' },
      PROXY: { description: 'By the proxy in front, which names it.' },
    },
  });
  const caller = builder.objectRef<Who>('Caller').implement({
    description: 'Who asks.',
    fields: (t) => ({
      name: t.exposeString('name', {
        description: 'The name that is kept with what it triggers and aborts.',
      }),
      tenant: t.string({
        nullable: true,
        description: 'Whose runs it sees; null for a caller who is in no tenant.',
        resolve: ({ session }) => session.caller.tenant ?? null,
      }),
      credential: t.field({
        type: credential,
        description: 'How it was recognised.',
        resolve: ({ session }) => session.credential,
      }),
      expiresAt: t.field({
        type: 'DateTime',
        nullable: true,
        description:
          'When its credential expires, and with it what it follows; null for one that does not.',
        resolve: ({ session: { expiresAt } }) => (expiresAt === null ? null : new Date(expiresAt)),
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
      resolve: async (_, __, { tasks, session }) => {
        const { rights } = await tasks.me();
        return { name: session.caller.name, rights, session };
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
        description:
          'Address of Temporal Web UI; null when this gateway was not told where it is, or not for the caller.',
        resolve: (_, __, { session }) =>
          mayOfAll(session.caller, 'operate') ? (webUi?.address ?? null) : null,
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
