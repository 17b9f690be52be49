import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import type { Tasks } from 'waymark';
import { gateway, sessionOf } from 'waymark/gateway';
import type * as tasks from './tasks.js';

/** Our own HTTP server, with the tasks' GraphQL beside our own routes. */
export async function createApp(service: Tasks<typeof tasks>): Promise<FastifyInstance> {
  const app = Fastify();
  await app.register(gateway, {
    service,
    authenticate: async ({ headers }) =>
      sessionOf({ name: String(headers['x-user'] ?? 'anonymous') }),
  });
  app.post<{ Body: { names: string[] } }>('/greetings', async ({ body }, reply) => {
    // Typed by the catalogue: a wrong id or input does not compile.
    const run = await service.trigger({
      definition: 'greetEveryone',
      input: { names: body.names },
      name: `Greet ${body.names.length} people`,
    });
    return reply.code(202).send({ id: run.id });
  });
  return app;
}
