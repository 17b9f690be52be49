import type { FastifyInstance, FastifyRequest } from 'fastify';
import mercurius from 'mercurius';
import type { Actor, Tasks } from '../definition/tasks.ts';
import { overHttp, refuseSubscription } from './over-http.ts';
import { createContext, type GatewayContext } from './schema/context.ts';
import { createSchema, type WebUi } from './schema/create-schema.ts';
import { addBackgroundTasks } from './webiny/index.ts';

export interface GatewayOptions {
  /** A `TaskService`, or any other `Tasks`. */
  readonly service: Tasks;
  /** Who asks. The only place where a request becomes a caller; by default everybody is `anonymous`. */
  readonly actor?: (request: FastifyRequest) => Actor | Promise<Actor>;
  readonly path?: string;
  /** Where Temporal Web UI is, so that runs link to their pages there. */
  readonly webUi?: WebUi | undefined;
}

declare module 'mercurius' {
  // oxlint-disable-next-line typescript/no-empty-object-type -- mercurius' way to name the context's type
  interface MercuriusContext extends GatewayContext {}
}

/** The GraphQL API as a Fastify plugin; nothing of it shows outside the plugin's own scope. */
export async function gateway(
  app: FastifyInstance,
  { service, actor = () => ANONYMOUS, path = '/graphql', webUi }: GatewayOptions,
): Promise<void> {
  const definitions = service.definitions();
  const schema = createSchema({
    definitions,
    extend: (builder) => addBackgroundTasks(builder, { definitions, log: app.log }),
    webUi,
  });

  await app.register(mercurius, {
    ...overHttp,
    schema,
    path,
    context: async (request) => createContext({ tasks: service, actor: await actor(request) }),
  });
  app.graphql.addHook('preExecution', refuseSubscription);
}

const ANONYMOUS: Actor = { name: 'anonymous' };
