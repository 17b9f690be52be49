import { LIMITS } from '../../contract/limits.ts';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { CloseCode, handleProtocols } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import type { RawData, WebSocket } from 'ws';
import type { Disclosure } from './disclosure.ts';
import { isRefusal } from './errors.ts';
import { SAFE_HEADERS } from './guard.ts';
import type { Hosts } from './host-names.ts';
import { isForUs } from './host-names.ts';
import { LiveOperations } from './live-operations.ts';
import type { Origins } from './origins.ts';
import { mayOpen } from './origins.ts';
import { Outbox } from './outbox.ts';
import { SocketSession } from './socket-session.ts';
import { serveWithoutUpgrade } from './without-upgrade.ts';
import { createHeld } from '../schema/kit/context.ts';
import type { GatewayContext } from '../schema/kit/context.ts';
import type { HeldBytes } from '../../tools/held-bytes.ts';
import type { Session } from '../../login/session.ts';
import type { Said } from './presented.ts';

export interface SocketOptions {
  readonly schema: GraphQLSchema;
  readonly path: string;
  /**
   * Who asks, by the request that opened the socket and by what was said when it opened. An error with a `statusCode`
   * of 401 or 403 refuses it.
   */
  readonly admit: (request: IncomingMessage, said: Said | undefined) => Promise<Session>;
  /** Of one operation over the socket that this request opened. */
  readonly context: (session: Session, request: IncomingMessage) => GatewayContext;
  /** Of a socket that has said nothing yet; see `AddressShares`. Unset: there may be any number. */
  readonly openSilent?: ((request: IncomingMessage) => (() => void) | null) | undefined;
  /** Pages that may open a socket, beside those of this host. */
  readonly origins?: Origins | undefined;
  readonly hosts?: Hosts | undefined;
  readonly disclosure?: Disclosure | undefined;
  readonly limits?: Partial<SocketLimits> | undefined;
  /** What the process keeps for all its clients. */
  readonly held?: HeldBytes | undefined;
}

export interface SocketLimits {
  /** Sockets of this process. */
  readonly sockets: number;
  /** Operations that run at once on one socket. */
  readonly operations: number;
  /** Bytes of one message. */
  readonly message: number;
  /** Milliseconds from the opening to `connection_init`. */
  readonly init: number;
  /** Milliseconds between signs of life; a client that gives none for two of these is gone. */
  readonly keepAlive: number;
  /** Bytes that wait for a client before nothing more is made for it. */
  readonly buffer: number;
  /** Milliseconds in which a client must take something of what waits. */
  readonly stall: number;
}

export const SOCKET_LIMITS: SocketLimits = {
  sockets: 20_000,
  operations: LIMITS.socket.operations,
  message: LIMITS.document.body,
  init: 5000,
  keepAlive: 12_000,
  buffer: LIMITS.socket.buffer,
  stall: 30_000,
};

/** Serves queries, mutations and subscriptions over WebSockets (`graphql-transport-ws`), beside HTTP on the same path. */
export function attachSockets(app: FastifyInstance, options: SocketOptions): void {
  const limits = { ...SOCKET_LIMITS, ...options.limits };
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: limits.message,
    handleProtocols,
    // Costs 300 kB a socket.
    perMessageDeflate: false,
  });
  const serve = protocolOf(app, options, limits);
  let closing = false;

  const upgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    const [path] = (request.url ?? '').split('?');
    const isSocket = request.headers.upgrade?.toLowerCase() === 'websocket';
    if (!isSocket || path !== options.path) {
      // Another plugin may serve sockets on another path; nobody else answers for a path of nobody.
      if (app.server.listenerCount('upgrade') > 1) return;
      if (!isSocket) return serveWithoutUpgrade(app.server, request, stream, head);
    }
    if (!isForUs(request, options.hosts)) return refuse(stream, '421 Misdirected Request');
    if (path !== options.path) return refuse(stream, '404 Not Found');
    if (closing || server.clients.size >= limits.sockets)
      return refuse(stream, '503 Service Unavailable');
    if (!mayOpen(request, options.origins)) return refuse(stream, '403 Forbidden');
    const heard = options.openSilent?.(request);
    if (heard === null) return refuse(stream, '429 Too Many Requests', { 'retry-after': 5 });
    if (heard) stream.once('close', heard);
    server.handleUpgrade(request, stream, head, (socket) => serve(socket, stream, request, heard));
  };

  app.server.on('upgrade', upgrade);
  app.addHook('preClose', async () => {
    closing = true;
    app.server.off('upgrade', upgrade);
    await endAll(server.clients);
  });
}

/** What is done with each socket. */
function protocolOf(
  app: FastifyInstance,
  { schema, admit, context, disclosure, held = createHeld() }: SocketOptions,
  limits: SocketLimits,
): (socket: WebSocket, stream: Duplex, request: IncomingMessage, heard?: () => void) => void {
  const operations = new LiveOperations(schema, app.log, disclosure);
  return (socket, stream, request, heard) => {
    socket.on('error', (error) => app.log.debug({ err: error }, 'Socket error'));
    if (socket.protocol === '')
      return socket.close(CloseCode.SubprotocolNotAcceptable, 'Subprotocol not acceptable');
    const outbox = new Outbox(socket, stream, { buffer: limits.buffer, held });
    const session = new SocketSession(
      {
        send: (frame) => outbox.send(frame),
        close: (code, reason) => socket.close(code, reason),
      },
      {
        operations,
        admit: (said) => {
          heard?.();
          return admit(request, said);
        },
        context: (session) => context(session, request),
        limits,
      },
    );
    const stopWatching = watchOver(socket, outbox, limits);
    socket.on('message', (data: RawData) => {
      // oxlint-disable-next-line typescript/no-base-to-string -- ws gives a Buffer, its default
      session.receive(String(data)).catch((error: unknown) => fail(app, socket, error));
    });
    socket.once('close', () => {
      stopWatching();
      session.leave().catch((error: unknown) => fail(app, socket, error));
    });
  };
}

function fail(app: FastifyInstance, socket: WebSocket, error: unknown): void {
  if (isRefusal(error)) return socket.close(CloseCode.Forbidden, 'Forbidden');
  app.log.error({ err: error }, 'Internal error on a socket');
  socket.close(CloseCode.InternalServerError, 'Internal server error');
}

/** Ends a socket whose client is gone. One that is behind shows that it lives by reading. */
function watchOver(
  socket: WebSocket,
  outbox: Outbox,
  { keepAlive, stall }: SocketLimits,
): () => void {
  let alive = true;
  const heard = (): void => {
    alive = true;
  };
  socket.on('pong', heard);
  socket.on('message', heard);
  const timer = setInterval(
    () => {
      const { waitingSince } = outbox;
      if (waitingSince !== undefined) {
        heard();
        if (performance.now() - waitingSince >= stall) outbox.giveUp();
        return;
      }
      if (!alive) return socket.terminate();
      alive = false;
      socket.ping();
    },
    Math.min(keepAlive, stall),
  );
  return () => clearInterval(timer);
}

function refuse(stream: Duplex, status: string, more: Record<string, number> = {}): void {
  stream.on('error', () => stream.destroy());
  const headers = { connection: 'close', 'content-length': 0, ...SAFE_HEADERS, ...more };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  stream.end(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`);
}

/** Tells all clients to come back, to another gateway, and does not wait long for those that do not listen. */
async function endAll(sockets: ReadonlySet<WebSocket>): Promise<void> {
  await Promise.all(
    [...sockets].map(async (socket) => {
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      const impatience = setTimeout(() => socket.terminate(), 1000);
      socket.close(1012, 'Service restart: come back, and go on from your last cursor');
      await closed;
      clearTimeout(impatience);
    }),
  );
}
