import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import mercurius from 'mercurius';
import type { Tasks } from '../contract/tasks.ts';
import type { Caller } from '../contract/caller.ts';
import { registerGraphiql } from './graphiql/graphiql.ts';
import { answerError, answerOptions, overHttp, refuseSubscription } from './transport/over-http.ts';
import { createContext, type GatewayContext } from './schema/kit/context.ts';
import { createSchema } from './schema/create-schema.ts';
import { type WebUi } from './schema/kit/shapes.ts';
import { attachSockets, type SocketOptions } from './transport/sockets.ts';
import { registerSse } from './transport/sse.ts';
import type { GatewayExtension } from './extension.ts';

/** `Tasks` of whatever catalogue: its types are for code, and what comes by GraphQL is checked when it comes. */
export type AnyTasks = Omit<Tasks, 'as' | 'trigger'>;

export interface GatewayOptions {
  /** A `TaskService`, or any other `Tasks`. */
  readonly service: AnyTasks;
  /**
   * Who asks: the one place where a request becomes a caller, over HTTP and sockets alike. Throw an error with a
   * `statusCode` of 401 or 403 to refuse one. By default everybody is `anonymous`.
   */
  readonly actor?: ((request: IncomingMessage) => Caller | Promise<Caller>) | undefined;
  /** Of HTTP and sockets; server-sent events are at `<path>/stream`. */
  readonly path?: string | undefined;
  /** A page to try the API with, at `/graphiql`; on unless it is switched off. */
  readonly graphiql?: boolean | undefined;
  /** Pages that may open sockets, such as `https://app.example.com`; by default those of this host. */
  readonly origins?: SocketOptions['origins'];
  /** Other vocabularies in the schema, beside ours. Default: none. */
  readonly extensions?: readonly GatewayExtension[] | undefined;
  /** Where Temporal Web UI is, so that runs link to their pages there. */
  readonly webUi?: WebUi | undefined;
}

declare module 'mercurius' {
  // oxlint-disable-next-line typescript/no-empty-object-type, typescript/no-empty-interface -- mercurius' way to name the type of its context
  interface MercuriusContext extends GatewayContext {}
}

/** The GraphQL API as a Fastify plugin; nothing of it shows outside the plugin's own scope. */
export async function gateway(
  app: FastifyInstance,
  {
    service,
    actor = () => ANONYMOUS,
    path = '/graphql',
    graphiql = true,
    origins,
    extensions = [],
    webUi,
  }: GatewayOptions,
): Promise<void> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see `AnyTasks`
  const tasks = service as Tasks;
  const definitions = tasks.as({ ...ANONYMOUS, publicOnly: true }).definitions();
  const schema = createSchema({
    definitions,
    extend: (builder) => {
      for (const extension of extensions) extension(builder, { definitions, log: app.log });
    },
    webUi,
  });

  const contextOf = async (request: IncomingMessage): Promise<GatewayContext> =>
    createContext({ tasks, actor: await actor(request) });

  app.setErrorHandler(answerError);
  const contexts = new WeakMap<FastifyRequest, GatewayContext>();
  await app.register(mercurius, {
    ...overHttp,
    additionalRouteOptions: {
      ...overHttp.additionalRouteOptions,
      preHandler: async (request) => {
        contexts.set(request, await contextOf(request.raw));
      },
    },
    schema,
    path,
    // mercurius asks for a context to format errors with too, also when there is no caller yet.
    context: (request): Partial<GatewayContext> => contexts.get(request) ?? {},
  });
  app.options(path, answerOptions);
  app.graphql.addHook('preExecution', refuseSubscription);
  attachSockets(app, { schema, path: app.prefix + path, context: contextOf, origins });
  if (graphiql)
    await registerGraphiql(app, { path: '/graphiql', endpoint: app.prefix + path, definitions });
  registerSse(app, { schema, path: `${path}/stream`, context: contextOf });
}

const ANONYMOUS: Caller = { name: 'anonymous' };
