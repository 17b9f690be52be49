import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { type GatewayOptions, serveApi } from './gateway.ts';
import { health } from './health.ts';
import { Refused } from './transport/errors.ts';
import { guard, SAFE_HEADERS } from './transport/guard.ts';
import { isLoopback } from '../login/is-loopback.ts';
import { answerError, answerNotFound } from './transport/over-http.ts';
import { endUnusedConnections } from './transport/unused-connections.ts';

export interface StartGatewayOptions extends Omit<GatewayOptions, 'path'> {
  readonly logger: FastifyBaseLogger;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** Milliseconds in which a client must take something of an answer. Default: 20 s. */
  readonly stall?: number | undefined;
}

export interface RunningGateway {
  /** Such as `http://127.0.0.1:4000`. */
  readonly address: string;
  /**
   * Not ready from now on; ends sockets, lets requests end that have begun. Resolves when all have, or are cut off
   * because their time is up.
   */
  readonly stop: () => Promise<void>;
}

/** The whole gateway, listening: GraphQL, `/healthz`, `/readyz`, and `/`, which leads to the page. */
export async function startGateway({
  logger,
  host,
  port,
  stall = STALL,
  ...options
}: StartGatewayOptions): Promise<RunningGateway> {
  const app: FastifyInstance = Fastify({
    loggerInstance: logger,
    // Requests of several gateways end up in one log.
    genReqId: () => randomUUID(),
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: 30_000,
    connectionTimeout: stall,
    // What cannot even be routed.
    frameworkErrors: (error, request, reply) => {
      void reply.headers(SAFE_HEADERS);
      const refused = new Refused(error.statusCode ?? 400, 'The address cannot be read.');
      void answerError(refused, request, reply);
    },
  });
  app.setErrorHandler(answerError);
  app.setNotFoundHandler(answerNotFound);
  guard(app, options);
  endUnusedConnections(app);
  app.addHook('preClose', async () => {
    // Node watches no more over requests that never come to their end, nor over answers that nobody reads.
    setTimeout(() => app.server.closeAllConnections(), LAST_REQUESTS).unref();
  });
  app.addHook('onResponse', async ({ log, method, routeOptions }, { statusCode, elapsedTime }) => {
    const fields = { method, route: routeOptions.url, status: statusCode, ms: elapsedTime };
    log.debug(fields, 'Answered');
  });
  await app.register(health, { ready: () => options.service.settings() });
  await app.register(serveApi, options);
  if (options.graphiql !== false)
    app.get('/', async (_request, reply) => await reply.redirect('/graphiql'));
  const address = await app.listen({ host, port }).catch(async (error: unknown) => {
    await app.close();
    throw isTaken(error)
      ? new Error(`Port ${port} on ${host} is taken: set \`PORT\` to a free one`, { cause: error })
      : error;
  });
  if (!isLoopback(host) && (options.hosts ?? []).length === 0)
    logger.warn(
      'Reached by its addresses alone: set `WAYMARK_PUBLIC_URL` or `WAYMARK_ALLOWED_HOSTS` for names',
    );
  return { address, stop: () => app.close() };
}

/** Milliseconds: longer than any call takes, and shorter than what stops processes waits for. */
const LAST_REQUESTS = 10_000;

/** Longer than any operation takes. Node looks twice: an answer that nobody reads is cut within two of it. */
const STALL = 20_000;

const isTaken = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
