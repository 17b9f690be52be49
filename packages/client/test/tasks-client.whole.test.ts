import Fastify from 'fastify';
import { describe, inject } from 'vitest';
import { gateway } from '../../../src/api/gateway.ts';
import { sessionOf } from '../../../src/login/session.ts';
import { startTestServer } from '../../../src/testing/start-test-server.ts';
import * as activities from '../../../test/testing/contract-activities.ts';
import * as contractTasks from '../../../test/testing/contract-tasks.ts';
import { ordersOf } from '../../../test/testing/orders.ts';
import { testTasks } from '../../../test/testing/tasks.contract.ts';
import { WebSocket } from 'ws';
import { TasksClient } from '../src/anywhere-client.ts';

describe.each(['socket', 'events'] as const)(
  'TasksClient is a Tasks, following by %s',
  (transport) => {
    testTasks(async () => {
      const server = await startTestServer({ address: inject('temporal').address });
      const { service } = await server.serve({
        tasks: contractTasks,
        workflowsPath: new URL('../../../test/testing/contract-tasks.ts', import.meta.url),
        activities,
      });
      const app = Fastify({ forceCloseConnections: true });
      await app.register(gateway, {
        service,
        graphiql: false,
        authenticate: async ({ authorization: [shown = ''] }) =>
          sessionOf({ name: shown.replace('Bearer ', ''), publicOnly: true }),
      });
      const url = `${await app.listen({ port: 0, host: '127.0.0.1' })}/graphql`;
      const clients = new Set<TasksClient<typeof contractTasks>>();
      return {
        home: service,
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
        begin: (id) => ordersOf(id).listened,
        order: (id, order) => ordersOf(id).give(order),
        letStop: () => {},
        close: async () => {
          for (const client of clients) client.close();
          await app.close();
          await server.close();
        },
      };
    });
  },
);
