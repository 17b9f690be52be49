import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../../../src/api/start-gateway.ts';
import type { StartGatewayOptions } from '../../../src/api/start-gateway.ts';
import { FakeTasks } from '../../../src/testing/fake-tasks.ts';
import { tasks } from '../support/app.ts';

const running: RunningGateway[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ stop }) => stop()));
});

async function start(options: Partial<StartGatewayOptions> = {}): Promise<number> {
  const gateway = await startGateway({
    service: new FakeTasks({ tasks }),
    logger: pino({ level: 'silent' }),
    host: '127.0.0.1',
    port: 0,
    ...options,
  });
  running.push(gateway);
  return Number(new URL(gateway.address).port);
}

/** Everything that is answered to a text, until the gateway closes the connection or has answered in full. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (data: Buffer) => {
    answer += data.toString();
  });
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

const PLACES = {
  'the API': 'GET /graphql?query={__typename} HTTP/1.1',
  'a stream': 'GET /graphql/stream?query={__typename} HTTP/1.1\r\nAccept: text/event-stream',
  'the page': 'GET /graphiql HTTP/1.1',
  'a part of the page': 'GET /graphiql/start.js HTTP/1.1',
  health: 'GET /healthz HTTP/1.1',
  readiness: 'GET /readyz HTTP/1.1',
  'what is not there': 'GET /nothing HTTP/1.1',
  'a preflight':
    'OPTIONS /graphql HTTP/1.1\r\nOrigin: http://x\r\nAccess-Control-Request-Method: POST',
} as const;
const SOCKET =
  'GET /graphql HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws';
const ask = async (port: number, place: string, host: string | null): Promise<string> =>
  await raw(
    port,
    `${place}\r\n${host === null ? '' : `Host: ${host}\r\n`}Connection: close\r\n\r\n`,
  );
const statusOf = (answer: string): number => Number(answer.split(' ')[1]);

describe('a host name of somebody else', () => {
  test.each(Object.entries(PLACES))('is refused by %s', async (_, place) => {
    const port = await start({ origins: ['http://x'] });
    expect(statusOf(await ask(port, place, 'evil.example:4000'))).toBe(421);
    expect(statusOf(await ask(port, place, 'localhost'))).not.toBe(421);
  });

  test('opens no socket, also when its page says so too', async () => {
    const port = await start();
    const open = async (host: string) =>
      await raw(port, `${SOCKET}\r\nHost: ${host}\r\nOrigin: http://${host}\r\n\r\n`);
    expect(statusOf(await open('evil.example'))).toBe(421);
  });

  test('runs nothing', async () => {
    const service = new FakeTasks({ tasks });
    const port = await start({ service });
    const body = JSON.stringify({
      query: 'mutation { triggerTask(definition: "testingRun", input: {}) { __typename } }',
    });
    const answer = await raw(
      port,
      `POST /graphql HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toEqual({
      errors: [
        {
          message: expect.stringContaining('WAYMARK_ALLOWED_HOSTS'),
          extensions: { code: 'BAD_REQUEST' },
        },
      ],
    });
    expect(service.calls.trigger).toBeUndefined();
  });

  test.each([
    ['localhost', 200],
    ['LOCALHOST:1234', 200],
    ['localhost.', 200],
    ['app.localhost', 200],
    ['127.0.0.1:4000', 200],
    ['127.8.8.8', 200],
    ['[::1]:4000', 200],
    ['tasks.example.com', 200],
    ['Tasks.Example.Com:443', 200],
    ['tasks.example.com.evil.example', 421],
    ['evil.tasks.example.com', 421],
    ['localhost.evil.example', 421],
    ['127.0.0.1.evil.example', 421],
    ['evil.example@localhost', 421],
    ['192.168.1.5', 421],
    ['0.0.0.0', 421],
    ['[::]', 421],
    ['localhost, evil.example', 421],
  ])('%s: %s', async (host, status) => {
    const port = await start({ hosts: ['tasks.example.com'] });
    expect(statusOf(await ask(port, PLACES.health, host))).toBe(status);
  });

  test('is nobody’s when there is none: no browser leaves it out', async () => {
    const port = await start();
    const answer = await raw(port, 'GET /healthz HTTP/1.0\r\n\r\n');
    expect(statusOf(answer)).toBe(200);
  });

  test('is allowed where others check it', async () => {
    const port = await start({ hosts: 'any' });
    expect(statusOf(await ask(port, PLACES['the API'], 'evil.example'))).toBe(200);
  });
});

test.each(Object.entries({ ...PLACES, 'what cannot be routed': 'GET /%zz HTTP/1.1' }))(
  'the headers of %s keep browsers in bounds',
  async (_, place) => {
    const port = await start({ origins: ['http://x'] });
    const [headers = ''] = (await ask(port, place, 'localhost')).toLowerCase().split('\r\n\r\n');
    expect(headers).toContain('x-content-type-options: nosniff');
    expect(headers).toContain('referrer-policy: no-referrer');
    expect(headers).toMatch(/content-security-policy: .*frame-ancestors 'none'/);
    expect(headers.match(/content-security-policy/g)).toHaveLength(1);
  },
);

test.each(['/nothing', '/%zz', '/graphql/other', '/graphiql/nothing.js'])(
  'what is not at %s is told in the form of all errors, without repeating it',
  async (path) => {
    const port = await start();
    const answer = await ask(port, `GET ${path} HTTP/1.1`, 'localhost');
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toEqual({
      errors: [{ message: expect.any(String), extensions: { code: expect.any(String) } }],
    });
    expect(answer).not.toContain(path);
  },
);

describe('an offer of a protocol that is not spoken here', () => {
  const OFFER = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk';
  const BODY = '{"query":"{ __typename }"}';

  test('is declined: a GET is served', async () => {
    const port = await start();
    const answer = await raw(
      port,
      `GET /readyz HTTP/1.1\r\nHost: localhost\r\n${OFFER}, close\r\n\r\n`.replace(', close', '') +
        'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    );
    expect(answer.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
    expect(answer).toContain('{"status":"ready"}');
    expect(answer).toContain('{"status":"ok"}');
  });

  test.each([
    ['at once', `Content-Length: ${BODY.length}`, [BODY]],
    ['later', `Content-Length: ${BODY.length}`, ['', BODY]],
    [
      'in parts',
      'Transfer-Encoding: chunked',
      [`1a\r\n${BODY.slice(0, 7)}`, `${BODY.slice(7)}\r\n0\r\n\r\n`],
    ],
  ])('is declined: a POST whose body comes %s is served', async (_, length, parts) => {
    const port = await start();
    const socket = connect(port, '127.0.0.1');
    const [first = '', second = ''] = parts;
    socket.write(
      `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${length}\r\n${OFFER}\r\n\r\n${first}`,
    );
    if (second !== '') setTimeout(() => socket.write(second), 50);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toContain('HTTP/1.1 200');
    expect(answer.toString()).toContain('{"data":{"__typename":"Query"}}');
    socket.destroy();
  });

  test('many times over one connection leaves nothing on it', async () => {
    const port = await start();
    const warnings: Error[] = [];
    const warn = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warn);
    const socket = connect(port, '127.0.0.1');
    for (let n = 0; n < 30; n++) {
      socket.write(`GET /healthz HTTP/1.1\r\nHost: localhost\r\n${OFFER}\r\n\r\n`);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(answer.toString()).toContain('HTTP/1.1 200');
    }
    socket.destroy();
    process.off('warning', warn);
    expect(warnings).toEqual([]);
  });

  test('is declined by a name of somebody else too', async () => {
    const port = await start();
    const offer = request({
      port,
      path: '/healthz',
      headers: { host: 'evil', connection: 'Upgrade', upgrade: 'h2c' },
    });
    const [response] = await once(offer.end(), 'response');
    expect(response.statusCode).toBe(421);
    offer.destroy();
  });
});
