import { subscribe } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type RunningGateway, startGateway } from '../../src/api/start-gateway.ts';
import { FakeTasks } from '../../src/testing/fake-tasks.ts';
import { tasks } from './support/app.ts';
import { backgroundTasks } from '../../src/api/webiny/background-tasks.ts';

let running: RunningGateway | undefined;
afterEach(() => running?.stop());

/** A fake whose next `get` waits to be let go. */
class SlowTasks extends FakeTasks<typeof tasks> {
  readonly #events = new EventEmitter();
  readonly asked = once(this.#events, 'asked');
  readonly #answered = once(this.#events, 'answer');

  answer(): void {
    this.#events.emit('answer');
  }
  override as(): this {
    return this;
  }
  override async get(id: string) {
    this.#events.emit('asked');
    await this.#answered;
    return await super.get(id);
  }
}
const start = async (service: FakeTasks<typeof tasks>, more: object = {}) =>
  (running = await startGateway({
    service,
    logger: pino({ level: 'silent' }),
    host: '127.0.0.1',
    port: 0,
    extensions: [backgroundTasks],
    ...more,
  }));
const post = (address: string, query: string, headers: Record<string, string> = {}) =>
  fetch(`${address}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close', ...headers },
    body: JSON.stringify({ query }),
  });

test('it is healthy and ready, and says when Temporal is not there', async () => {
  const service = new FakeTasks({ tasks });
  const { address } = await start(service);
  expect((await fetch(`${address}/healthz`)).status).toBe(200);
  expect((await fetch(`${address}/readyz`)).status).toBe(200);
  expect((await fetch(`${address}/graphiql`)).status).toBe(200);
  service.break(new Error('down'));
  expect((await fetch(`${address}/readyz`)).status).toBe(503);
});

test('its first page is the one to try the API with', async () => {
  const { address } = await start(new FakeTasks({ tasks }));
  const { url, status } = await fetch(address);
  expect({ url, status }).toEqual({ url: `${address}/graphiql`, status: 200 });
});

test('when it stops, what has begun ends, sockets are told to come back, and nothing new begins', async () => {
  const service = new SlowTasks({ tasks });
  const { id } = await service.trigger({ definition: 'testingRun', input: {} });
  const { address, stop } = await start(service);
  const socket = new WebSocket(`${address.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  const closed = once(socket, 'close');
  // A connection that is there already, as proxies keep them.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const idle = request(`${address}/healthz`, { agent }).end();
  await once(idle, 'response');

  const inFlight = post(address, `{ backgroundTasks { getTask(id: "${id}") { data { id } } } }`);
  await service.asked;
  const stopped = stop();
  const [code] = await closed;
  expect(code).toBe(1012);
  await expect(fetch(`${address}/readyz`)).rejects.toThrow('fetch failed');
  service.answer();
  expect(await (await inFlight).json()).toEqual({
    data: { backgroundTasks: { getTask: { data: { id } } } },
  });
  await stopped;
  agent.destroy();
});

test('a connection that never asked for anything does not hold up the end', async () => {
  const { address, stop } = await start(new FakeTasks({ tasks }));
  const idle = connect(Number(new URL(address).port), '127.0.0.1');
  await once(idle, 'connect');
  await post(address, '{ __typename }');
  const gone = once(idle, 'close');
  running = undefined;
  await stop();
  await gone;
  expect(idle.destroyed).toBe(true);
});

test('a taken port is told with the setting that moves it', async () => {
  const { address } = await start(new FakeTasks({ tasks }));
  const { port } = new URL(address);
  await expect(
    startGateway({
      service: new FakeTasks({ tasks }),
      logger: pino({ level: 'silent' }),
      host: '127.0.0.1',
      port: Number(port),
    }),
  ).rejects.toThrow(`Port ${port} on 127.0.0.1 is taken: set \`PORT\` to a free one`);
});

test('an answer that nobody reads is cut, and one that is read slowly is not', async () => {
  const { address } = await start(new FakeTasks({ tasks }), { stall: 2000 });
  const port = Number(new URL(address).port);
  const page = await (await fetch(`${address}/graphiql`)).text();
  const [, asset = ''] = /src="(main[^"]*\.js)"/.exec(page) ?? [];
  const { byteLength } = await (await fetch(`${address}/graphiql/${asset}`)).arrayBuffer();
  // More than what the operating system takes for a client.
  const times = Math.ceil((40 * 1024 * 1024) / byteLength);
  const served = new Map<number | undefined, Socket>();
  subscribe('net.server.socket', (message) => {
    const { socket } = message as { socket: Socket };
    served.set(socket.remotePort, socket);
  });
  /** Asks, and reads nothing. Answers the two ends of the connection. */
  const ask = async (): Promise<readonly [Socket, Socket]> => {
    const client = connect(port, '127.0.0.1').pause();
    await once(client, 'connect');
    await expect.poll(() => served.has(client.localPort)).toBe(true);
    client.write(`GET /graphiql/${asset} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(times));
    return [client, served.get(client.localPort) ?? client];
  };
  const [deaf, cut] = await ask();
  const [slow] = await ask();
  let read = 0;
  const all = new Promise<void>((resolve) => {
    slow.on('data', (data: Buffer) => {
      read += data.length;
      if (read > times * byteLength) return resolve();
      slow.pause();
      setTimeout(() => slow.resume(), 10);
    });
  });
  slow.resume();
  await once(cut, 'close');
  await all;
  expect(read).toBeGreaterThan(times * byteLength);
  deaf.destroy();
  slow.destroy();
}, 60_000);
