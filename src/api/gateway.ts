import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import mercurius from 'mercurius';
import type { Audit } from '../audit/audit.ts';
import { traceOf } from '../audit/decision.ts';
import type { Origin, Tell, Told } from '../audit/decision.ts';
import { watchedLogin } from '../audit/watched-login.ts';
import type { Tasks } from '../contract/tasks.ts';
import type { RunTokens } from '../login/run-tokens.ts';
import type { Authenticate, Session } from '../login/session.ts';
import { Unauthenticated } from '../login/refusal.ts';
import { sessionOf } from '../login/session.ts';
import { registerGraphiql } from './graphiql/graphiql.ts';
import { answerError, answerOptions, checkOperation, overHttp } from './transport/over-http.ts';
import { createContext, createHeld, type GatewayContext } from './schema/kit/context.ts';
import { ListShares } from './schema/kit/list-shares.ts';
import { createSchema } from './create-schema.ts';
import type { Encryption } from '../encryption/encryption.ts';
import { type WebUi } from './schema/kit/shapes.ts';
import { isRefusal } from './transport/errors.ts';
import type { AddressShares } from '../shares/address-shares.ts';
import type { Came } from '../shares/client-address.ts';
import type { CallerBudgets } from '../shares/caller-budgets.ts';
import { guard } from './transport/guard.ts';
import type { Hosts } from './transport/host-names.ts';
import { allowOrigins, type Origins } from './transport/origins.ts';
import { presentedBy, type Said } from './transport/presented.ts';
import { registerCodec } from './codec.ts';
import { attachSockets } from './transport/sockets.ts';
import { registerSse } from './transport/sse.ts';
import type { GatewayExtension } from './extension.ts';

/** `Tasks` of whatever catalogue: its types are for code, and what comes by GraphQL is checked when it comes. */
export type AnyTasks = Omit<Tasks, 'as' | 'trigger'>;

export interface GatewayOptions {
  /** A `TaskService`, or any other `Tasks`. */
  readonly service: AnyTasks;
  /**
   * Who asks: the one place where a request or a socket becomes a caller, before anything of a body is read. Throw an
   * error with a `statusCode` of 401 or 403 to refuse one; `sessionOf(caller)` is one that does not end by itself. By
   * default everybody is `anonymous`, and may do everything.
   */
  readonly authenticate?: Authenticate | undefined;
  /** Signs the tokens that callers mint for a run or a trigger. Unset: none are minted. */
  readonly tokens?: RunTokens | undefined;
  /** What each caller and tenant may ask for. Unset: as much as they like. */
  readonly budgets?: CallerBudgets | undefined;
  /** What each address may do before it has shown a credential. Unset: as much as it likes. */
  readonly addresses?: AddressShares | undefined;
  /** Told who did what, and who was refused. Unset: nobody is. */
  readonly audit?: Audit | undefined;
  /** Of HTTP and sockets; server-sent events are at `<path>/stream`. */
  readonly path?: string | undefined;
  /** A page to try the API with, at `/graphiql`; on unless it is switched off. */
  readonly graphiql?: boolean | undefined;
  /**
   * Names by which this gateway may be reached, without ports; a request for another is refused with 421. Always those
   * of this machine, such as `localhost`, and, for what comes over a network, IP addresses. `'any'` only where others
   * check the name.
   */
  readonly hosts?: Hosts | undefined;
  /**
   * Pages that may use it from a browser, such as `https://app.example.com`, by HTTP, sockets and server-sent events,
   * beside those of this host. Not together with a plugin for CORS of the application's own.
   */
  readonly origins?: Origins | undefined;
  /** Whether the schema may be asked for; on unless it is switched off. The page knows no fields without it. */
  readonly introspection?: boolean | undefined;
  /** Whether errors guess at the schema («Did you mean …?»); on unless they are switched off. */
  readonly suggestions?: boolean | undefined;
  /** Other vocabularies in the schema, beside ours. Default: none. */
  readonly extensions?: readonly GatewayExtension[] | undefined;
  /** Where Temporal Web UI is, so that runs link to their pages there. */
  readonly webUi?: WebUi | undefined;
  /** What the service's runs are encrypted with: `POST /codec/decode` decrypts them for Temporal Web UI at `webUi`. */
  readonly encryption?: Encryption | undefined;
}

declare module 'mercurius' {
  // oxlint-disable-next-line typescript/no-empty-object-type, typescript/no-empty-interface -- mercurius' way to name the type of its context
  interface MercuriusContext extends GatewayContext {}
}

/** The GraphQL API as a Fastify plugin; nothing of it shows outside the plugin's own scope. */
export async function gateway(app: FastifyInstance, options: GatewayOptions): Promise<void> {
  guard(app, options);
  await serveApi(app, options);
}

/** The same for a scope that is guarded. */
export async function serveApi(
  app: FastifyInstance,
  {
    service,
    authenticate,
    tokens,
    budgets,
    addresses,
    audit,
    path = '/graphql',
    graphiql = true,
    hosts,
    origins,
    introspection,
    suggestions,
    extensions = [],
    webUi,
    encryption,
  }: GatewayOptions,
): Promise<void> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see `AnyTasks`
  const tasks = service as Tasks;
  const definitions = tasks.as({ ...ANONYMOUS.caller, publicOnly: true }).definitions();
  const schema = createSchema({
    definitions,
    extend: (builder) => {
      for (const extension of extensions) extension(builder, { definitions, log: app.log });
    },
    webUi,
  });

  /** Of each request, and of each socket by the request that opened it. */
  const requestIds = new WeakMap<IncomingMessage, string>();
  const shareOf = (request: IncomingMessage): string =>
    addresses?.shareOf(cameFrom(request)) ?? request.socket.remoteAddress ?? '';
  const origin = (request: IncomingMessage): Origin => ({
    ip: addresses?.addressOf(cameFrom(request)) ?? request.socket.remoteAddress,
    requestId: requestIds.get(request),
    traceId: traceOf(request),
  });
  const admit = async (request: IncomingMessage, said?: Said): Promise<Session> => {
    if (!authenticate) return ANONYMOUS;
    const login = async (): Promise<Session> => await authenticate(presentedBy(request, said));
    return await watchedLogin(audit, origin(request), async () =>
      addresses ? await addresses.login(shareOf(request), login, isFailedLogin) : await login(),
    );
  };
  const held = createHeld();
  const shares = new ListShares();
  const tellOf = (session: Session, request: IncomingMessage): Tell | undefined =>
    audit && ((told) => audit.tell({ ...told, session, origin: origin(request) }));
  const contextOf = (session: Session, request: IncomingMessage): GatewayContext => {
    const lists = shares.of(request, session.caller, shareOf(request));
    return createContext({
      tasks,
      session,
      tokens,
      lists,
      budget: budgets?.of(session.caller),
      held,
      tell: tellOf(session, request),
    });
  };

  const sessions = new WeakMap<IncomingMessage, Session>();
  const admitAll = (scope: FastifyInstance): void => {
    scope.addHook('onRequest', async ({ method, raw, id }, reply) => {
      if (method === 'OPTIONS') return;
      requestIds.set(raw, id);
      try {
        sessions.set(raw, await admit(raw));
      } catch (error) {
        if (isRefusal(error) && error.statusCode === 401)
          void reply.header('www-authenticate', 'Bearer realm="waymark"');
        throw error;
      }
    });
  };
  const sessionIn = (request: IncomingMessage): Session => {
    const session = sessions.get(request);
    if (!session) throw new Error('Expected a caller that was let in');
    return session;
  };

  app.setErrorHandler(answerError);
  const [codec] = encryption?.payloadCodecs ?? [];
  if (codec)
    await app.register(registerCodec, {
      codec,
      webUi,
      held,
      callerOf: ({ raw }) => sessionIn(raw).caller,
      refused: ({ raw }) => tellOf(sessionIn(raw), raw)?.(DECODING_REFUSED),
      admit: admitAll,
    });
  if (origins !== undefined && origins.length > 0) await allowOrigins(app, origins);
  if (graphiql)
    await registerGraphiql(app, {
      path: '/graphiql',
      endpoint: app.prefix + path,
      // Behind a login the catalogue is for whoever has logged in.
      definitions: authenticate ? [] : definitions,
    });
  // The page is for everybody, and the API for whoever is let in.
  await app.register(async (api) => {
    admitAll(api);
    const requestContext = (request: IncomingMessage): GatewayContext =>
      contextOf(sessionIn(request), request);
    const disclosure = { introspection, suggestions };
    const transport = { schema, disclosure, held };
    const http = overHttp(disclosure);
    const contexts = new WeakMap<FastifyRequest, GatewayContext>();
    await api.register(mercurius, {
      ...http,
      additionalRouteOptions: {
        ...http.additionalRouteOptions,
        preHandler: async (request, { raw }) => {
          const context = requestContext(request.raw);
          contexts.set(request, context);
          context.operation.begin(request.body);
          // Whether the answer was read, or its client has gone.
          for (const end of ['finish', 'close']) raw.once(end, () => context.operation.close());
        },
        preSerialization: async (request, _, payload) => {
          await contexts.get(request)?.operation.turn();
          return payload;
        },
      },
      schema,
      path,
      // mercurius asks for a context to format errors with too, also when there is no caller yet.
      context: (request): Partial<GatewayContext> => contexts.get(request) ?? {},
    });
    api.options(path, answerOptions);
    api.graphql.addHook('preExecution', checkOperation);
    attachSockets(api, {
      ...transport,
      path: api.prefix + path,
      hosts,
      origins,
      admit: async (request, said) => {
        requestIds.set(request, randomUUID());
        return await admit(request, said);
      },
      openSilent: addresses && ((request) => addresses.openSilent(shareOf(request))),
      context: contextOf,
    });
    registerSse(api, { ...transport, path: `${path}/stream`, context: requestContext });
  });
}

const cameFrom = ({ socket, headers }: IncomingMessage): Came => ({
  peer: socket.remoteAddress,
  forwarded: headers['x-forwarded-for']?.toString(),
});

const DECODING_REFUSED: Told = {
  action: 'value-decode',
  outcome: 'failure',
  reason: 'FORBIDDEN',
};

/** Whoever shows nothing guesses nothing. */
const isFailedLogin = (error: unknown): boolean =>
  error instanceof Unauthenticated
    ? error.why !== 'no-credential'
    : isRefusal(error) && error.statusCode === 401;

const ANONYMOUS = sessionOf({ name: 'anonymous' });
