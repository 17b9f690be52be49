import { createServer, connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { pino } from 'pino';
import { afterEach } from 'vitest';
import { WebSocket } from 'ws';
import type { GatewayOptions } from '../../../src/api/gateway.ts';
import { startGateway } from '../../../src/api/start-gateway.ts';
import type { RunningGateway } from '../../../src/api/start-gateway.ts';
import { FakeTasks } from '../../../src/testing/fake-tasks.ts';
import { tasks } from '../../../test/api/support/app.ts';
import { TasksClient } from '../src/anywhere-client.ts';
import type { TasksClientOptions } from '../src/tasks-client.ts';

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

/** Called when the test is over. */
export const atEnd = (close: () => unknown): void => void open.push(close);

export type Fake = FakeTasks<typeof tasks>;
export type Client = TasksClient<typeof tasks>;
export const fakeTasks = (): Fake => new FakeTasks({ tasks });

/** A run that a worker has begun. */
export async function begunRun(service: Fake): Promise<string> {
  const { id } = await service.trigger({ definition: 'testingRun', input: {} });
  service.start(id);
  return id;
}

/** A gateway over tasks in memory. */
export async function serve(
  service: Fake,
  options: Partial<GatewayOptions> & { readonly port?: number } = {},
): Promise<RunningGateway> {
  const gateway = await startGateway({
    service,
    logger: pino({ level: 'silent' }),
    host: '127.0.0.1',
    port: 0,
    graphiql: false,
    ...options,
  });
  atEnd(gateway.stop);
  return gateway;
}

/** As a browser has it; Node 20 does not. */
export const BrowserSocket = WebSocket as unknown as typeof globalThis.WebSocket;

export function clientOf(address: string, options: Partial<TasksClientOptions> = {}): Client {
  const client: Client = new TasksClient({
    url: `${address}/graphql`,
    transport: 'socket',
    WebSocket: BrowserSocket,
    ...options,
  });
  atEnd(() => client.close());
  return client;
}

/** Stands before a gateway, and cuts all connections when it is told to. */
export async function cuttable(address: string): Promise<{
  readonly address: string;
  readonly cut: () => void;
  /** Connections that were made. */
  readonly made: () => number;
}> {
  const sockets = new Set<Socket>();
  let made = 0;
  const server = createServer((near) => {
    made++;
    const far = connect(Number(new URL(address).port), '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const cut = (): void => sockets.forEach((socket) => socket.resetAndDestroy());
  atEnd(() => {
    cut();
    server.close();
  });
  return { address: `http://127.0.0.1:${port}`, cut, made: () => made };
}

/** An address where nobody listens. */
export async function nobody(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
