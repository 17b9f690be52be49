import Fastify from 'fastify';
import { describe } from 'vitest';
import { gateway } from '../../../src/api/gateway.ts';
import { sessionOf } from '../../../src/login/session.ts';
import type * as contractTasks from '../../../test/testing/contract-tasks.ts';
import { serveContract } from '../../../test/testing/serve-contract.ts';
import { testTasks } from '../../../test/testing/tasks.contract.ts';
import { WebSocket } from 'ws';
import { TasksClient } from '../src/anywhere-client.ts';

describe.each(['socket', 'events'] as const)(
  'TasksClient is a Tasks, following by %s',
  (transport) => {
    testTasks(async () => {
      const served = await serveContract();
      const app = Fastify({ forceCloseConnections: true });
      await app.register(gateway, {
        service: served.home,
        graphiql: false,
        authenticate: async ({ authorization: [shown = ''] }) =>
          sessionOf({ name: shown.replace('Bearer ', ''), publicOnly: true }),
      });
      const url = `${await app.listen({ port: 0, host: '127.0.0.1' })}/graphql`;
      const clients = new Set<TasksClient<typeof contractTasks>>();
      return {
        ...served,
        as: ({ name }) => {
          const client = new TasksClient<typeof contractTasks>({
            url,
            transport,
            token: name,
            // As a browser has it; Node 20 does not.
            WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
          });
          clients.add(client);
          return client;
        },
        // A caller is who its credential says, and comes from outside.
        lacks: new Set(['names', 'private definitions', 'predicates', 'settings'] as const),
        close: async () => {
          for (const client of clients) client.close();
          await app.close();
          await served.close();
        },
      };
    });
  },
);
