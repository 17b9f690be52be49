import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { WebSocket } from 'ws';
import { createContext, createHeld } from '../../../src/api/schema/kit/context.ts';
import { attachSockets } from '../../../src/api/transport/sockets.ts';
import type { SocketOptions } from '../../../src/api/transport/sockets.ts';
import { registerSse } from '../../../src/api/transport/sse.ts';
import type { SseOptions } from '../../../src/api/transport/sse.ts';
import { sessionOf } from '../../../src/login/session.ts';
import type { Session } from '../../../src/login/session.ts';
import type { Tasks } from '../../../src/contract/tasks.ts';
import type { HeldBytes } from '../../../src/tools/held-bytes.ts';
import { FakeTasks } from '../../../src/testing/fake-tasks.ts';
import { gatewayOf } from '../schema/support.ts';

export interface LiveGateway {
  readonly app: FastifyInstance;
  readonly tasks: FakeTasks;
  readonly port: number;
  readonly ws: string;
  readonly sse: string;
  /** Iterators that are open. */
  readonly viewers: () => number;
  /** What it logged as errors. */
  readonly errors: readonly string[];
  /** Starts a run and answers its id. */
  readonly trigger: () => Promise<string>;
}

interface Options {
  readonly tasks?: FakeTasks;
  /** What the gateway asks instead. */
  readonly service?: Tasks;
  readonly sockets?: Partial<SocketOptions>;
  readonly sse?: Partial<SseOptions>;
  readonly port?: number;
  readonly held?: HeldBytes;
}

const shared = gatewayOf();

const sessionOfRequest = ({ headers }: IncomingMessage): Session => {
  const name = headers['x-actor'];
  if (name === 'nobody') throw Object.assign(new Error('No'), { statusCode: 403 });
  return sessionOf({ name: typeof name === 'string' ? name : 'ada' });
};

/** A gateway with its live transports alone, over tasks in memory. */
export async function startLiveGateway({
  tasks = new FakeTasks({ tasks: shared.module }),
  service = tasks,
  sockets,
  sse,
  port: wanted = 0,
  held = createHeld(),
}: Options = {}): Promise<LiveGateway> {
  const errors: string[] = [];
  const app = Fastify({
    logger: { level: 'error', stream: { write: (line: string) => void errors.push(line) } },
    forceCloseConnections: true,
  });
  let viewers = 0;
  const counted = countViewers(service, (change) => (viewers += change));
  const context = (session: Session) => createContext({ held, tasks: counted, session });
  const { schema } = shared;
  attachSockets(app, {
    schema,
    path: '/graphql',
    admit: async (request) => sessionOfRequest(request),
    context,
    ...sockets,
  });
  registerSse(app, {
    schema,
    path: '/graphql/stream',
    context: (request) => context(sessionOfRequest(request)),
    ...sse,
  });
  await app.listen({ port: wanted, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const trigger = async (): Promise<string> => {
    const { id } = await tasks
      .as({ name: 'ada' })
      .trigger({ definition: 'copyFiles', input: { folder: 'a' } as never });
    tasks.start(id);
    return id;
  };
  return {
    app,
    tasks,
    port,
    ws: `ws://127.0.0.1:${port}/graphql`,
    sse: `http://127.0.0.1:${port}/graphql/stream`,
    viewers: () => viewers,
    errors,
    trigger,
  };
}

/** The same tasks; tells of each iterator when it opens and when it is returned. */
function countViewers(tasks: Tasks, change: (by: 1 | -1) => void): Tasks {
  return new Proxy(tasks, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== 'function') return method;
      return (...args: unknown[]): unknown => {
        const answer: unknown = method.apply(target, args);
        if (name === 'as') return countViewers(answer as Tasks, change);
        return name === 'tail' || name === 'watch' || name === 'watchList'
          ? counting(answer as AsyncIterableIterator<unknown>, change)
          : answer;
      };
    },
  });
}

function counting(
  items: AsyncIterableIterator<unknown>,
  change: (by: 1 | -1) => void,
): AsyncIterableIterator<unknown> {
  change(1);
  return {
    next: () => items.next(),
    return: async () => {
      change(-1);
      return (await items.return?.()) ?? { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

export interface RawSocket {
  readonly socket: WebSocket;
  readonly send: (message: unknown) => void;
  /** The next message; rejects when the socket closes first. */
  readonly next: () => Promise<Message>;
  /** Resolves when the server closes it. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}
export interface Message {
  readonly type: string;
  readonly id?: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests say in their assertions what they expect
  readonly payload?: any;
}

/** A client that speaks the protocol only as far as its test makes it. */
export async function openSocket(
  url: string,
  {
    protocol = 'graphql-transport-ws',
    headers = {},
  }: { protocol?: string; headers?: Record<string, string> } = {},
): Promise<RawSocket> {
  const socket = new WebSocket(url, protocol === '' ? [] : [protocol], { headers });
  const messages: Message[] = [];
  const waiting: ((message: Message) => void)[] = [];
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as Message;
    const one = waiting.shift();
    if (one) one(message);
    else messages.push(message);
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', reject);
  });
  socket.on('error', () => undefined);
  return {
    socket,
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    next: async () =>
      messages.shift() ??
      (await Promise.race([
        new Promise<Message>((resolve) => waiting.push(resolve)),
        closed.then(({ code }) => {
          throw new Error(`Closed with ${code}`);
        }),
      ])),
    closed,
  };
}

/** A socket after its handshake. */
export async function connect(
  url: string,
  options?: Parameters<typeof openSocket>[1],
): Promise<RawSocket> {
  const client = await openSocket(url, options);
  client.send({ type: 'connection_init' });
  const { type } = await client.next();
  if (type !== 'connection_ack') throw new Error(`Expected connection_ack, got ${type}`);
  return client;
}

/** Waits until a condition holds, at most 10 seconds. */
export async function eventually(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`Expected ${String(holds)} within 10 seconds`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
