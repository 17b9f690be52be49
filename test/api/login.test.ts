import { connect as connectTcp } from 'node:net';
import { once } from 'node:events';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { newApiKey } from '../../src/login/api-keys.ts';
import { parseAuthFile } from '../../src/login/auth-file.ts';
import { AuthRules } from '../../src/login/auth-rules.ts';
import { Authenticator } from '../../src/login/authenticator.ts';
import { RunTokens } from '../../src/login/run-tokens.ts';
import { LoginUnavailable } from '../../src/login/refusal.ts';
import type { Authenticate } from '../../src/login/session.ts';
import type { FakeTasks } from '../../src/testing/fake-tasks.ts';
import { testGateway } from './support/app.ts';
import { connect, openSocket } from './support/live-gateway.ts';

const ci = newApiKey('ci');
const vic = newApiKey('vic');
const wat = newApiKey('wat');
const root = newApiKey('root');
const FILE = {
  tenants: {},
  keys: [
    { id: 'ci', hashes: [ci.hash], tenant: 'acme', roles: ['operator'] },
    { id: 'vic', hashes: [vic.hash], tenant: 'acme', roles: ['viewer'] },
    { id: 'wat', hashes: [wat.hash], tenant: 'acme', roles: ['watcher'] },
    { id: 'root', hashes: [root.hash], tenant: '*', roles: ['admin'] },
  ],
};
const rulesOf = (file: object): AuthRules => new AuthRules(parseAuthFile(JSON.stringify(file)));

let login: Authenticator;
let app: FastifyInstance;
let service: FakeTasks<any>;
let address: string;
const open: FastifyInstance[] = [];
const start = async (authenticate: Authenticate = login.authenticate) => {
  ({ app, service } = await testGateway({ authenticate, graphiql: true }));
  open.push(app);
  address = await app.listen({ port: 0, host: '127.0.0.1' });
};
beforeEach(async () => {
  login = new Authenticator({ rules: rulesOf(FILE) });
  await start();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

type Headers = Record<string, string>;
const bearer = (key: string): Headers => ({ authorization: `Bearer ${key}` });
const post = async (query: string, headers: Headers = {}) => {
  const answer = await fetch(`${address}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
};
const ask = async (query: string, { key }: { key: string }): Promise<any> =>
  JSON.parse((await post(query, bearer(key))).text);
const trigger = async (): Promise<string> => {
  const caller = service.as({ name: 'key ci', tenant: 'acme' });
  const { id } = await caller.trigger({ definition: 'testingRun', input: 1 });
  service.start(id);
  return id;
};

describe('without a credential', () => {
  const REFUSED =
    '{"errors":[{"message":"Expected a valid credential: `Authorization: Bearer …`.","extensions":{"code":"UNAUTHENTICATED"}}]}';

  test.each(['{ __typename }', '{ __schema { types { name } } }', '{ nonsense', ''])(
    '%j is answered as anything else',
    async (query) => {
      const { status, headers, text } = await post(query);
      expect({ status, text, asks: headers.get('www-authenticate') }).toEqual({
        status: 401,
        text: REFUSED,
        asks: 'Bearer realm="waymark"',
      });
    },
  );

  test('a GET, an event stream, and a wrong key are refused in the same bytes', async () => {
    const accept = { accept: 'text/event-stream' };
    const url = `${address}/graphql`;
    const query = '?query={__typename}';
    for (const [path, headers] of [
      [query, {}],
      [`/stream${query}`, accept],
      [`/stream${query}`, { ...accept, ...bearer(`${ci.key.slice(0, -4)}AAAA`) }],
      [query, bearer(newApiKey('nobody').key)],
      [query, { authorization: 'Basic eDp5' }],
    ] as const) {
      const answer = await fetch(`${url}${path}`, { headers });
      expect({ status: answer.status, text: await answer.text() }).toEqual({
        status: 401,
        text: REFUSED,
      });
    }
  });

  test('nothing of a body is read', async () => {
    const socket = connectTcp(Number(new URL(address).port), '127.0.0.1');
    socket.write(
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n',
    );
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(data.toString()).toMatch(/^HTTP\/1.1 401 /);
    socket.destroy();
  });

  test('two credentials are none', async () => {
    const socket = connectTcp(Number(new URL(address).port), '127.0.0.1');
    const one = `Authorization: Bearer ${ci.key}\r\n`;
    socket.write(`GET /graphql?query={__typename} HTTP/1.1\r\nHost: localhost\r\n${one}${one}\r\n`);
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(data.toString()).toMatch(/^HTTP\/1.1 401 /);
    socket.destroy();
  });

  test('browsers may ask what the path takes, and everybody has the page, without the catalogue', async () => {
    expect((await fetch(`${address}/graphql`, { method: 'OPTIONS' })).status).toBe(204);
    expect((await fetch(`${address}/graphiql`)).status).toBe(200);
    const script = await (await fetch(`${address}/graphiql/start.js`)).text();
    expect(script).not.toMatch(/importPages|testingRun/);
  });
});

test('a provider that cannot be reached is told, and asked again', async () => {
  await start(async () => {
    throw new LoginUnavailable();
  });
  const { status, text } = await post('{ __typename }');
  expect({ status, code: JSON.parse(text).errors[0].extensions.code }).toEqual({
    status: 503,
    code: 'UNAVAILABLE',
  });
  const client = await openSocket(`${address.replace('http', 'ws')}/graphql`);
  client.send({ type: 'connection_init' });
  // Stock clients come back after it.
  expect((await client.closed).code).toBe(1013);
});

describe('with a credential', () => {
  test('a caller is told who it is', async () => {
    expect(await ask('{ me { name tenant credential expiresAt rights } }', vic)).toEqual({
      data: {
        me: {
          name: 'key vic',
          tenant: 'acme',
          credential: 'API_KEY',
          expiresAt: null,
          rights: ['READ', 'PAYLOADS', 'LOGS', 'OPERATE'],
        },
      },
    });
  });

  test('it chooses its tenant by a header', async () => {
    const { text } = await post('{ me { tenant } }', { ...bearer(root.key), 'x-tenant': 'beta' });
    expect(JSON.parse(text)).toEqual({ data: { me: { tenant: 'beta' } } });
    const refused = await post('{ me { tenant } }', { ...bearer(ci.key), 'x-tenant': 'beta' });
    expect({
      status: refused.status,
      code: JSON.parse(refused.text).errors[0].extensions.code,
    }).toEqual({ status: 403, code: 'FORBIDDEN' });
  });

  test('what it may not see of a run is null, and named', async () => {
    const id = await trigger();
    const { data } = await ask(
      `{ taskRun(id: "${id}") { tenant input log { lines { message } } hidden } }`,
      wat,
    );
    expect(data.taskRun).toEqual({
      tenant: 'acme',
      input: null,
      log: null,
      hidden: ['INPUT', 'OUTPUT', 'LOG', 'MESSAGES', 'WEB_UI'],
    });
  });

  test('its abilities say what it may not do', async () => {
    const id = await trigger();
    const query = `{ taskRun(id: "${id}") { abilities { abort { allowed reason } rerun { reason } delete { reason } } } }`;
    expect((await ask(query, vic)).data.taskRun.abilities).toEqual({
      abort: { allowed: false, reason: 'You may not abort runs of `testingRun`.' },
      rerun: { reason: 'You may not trigger runs of `testingRun`.' },
      delete: { reason: 'You may not delete runs of `testingRun`.' },
    });
    expect((await ask(query, ci)).data.taskRun.abilities).toMatchObject({
      abort: { allowed: true, reason: null },
      rerun: { reason: null },
    });
  });

  test('one field that is refused leaves the others', async () => {
    const { data, errors } = await ask(
      '{ me { name } workers { id } taskRuns { totalCount } }',
      wat,
    );
    expect(data).toEqual({
      me: { name: 'key wat' },
      workers: null,
      taskRuns: { totalCount: 0 },
    });
    expect(errors).toMatchObject([{ path: ['workers'], extensions: { code: 'FORBIDDEN' } }]);
  });

  test('of some definitions is told of no other, in either vocabulary', async () => {
    const imp = newApiKey('imp');
    login.rules = rulesOf({
      ...FILE,
      roles: { importer: { can: ['read'], definitions: ['import*'] } },
      keys: [{ id: 'imp', hashes: [imp.hash], tenant: 'acme', roles: ['importer'] }],
    });
    const query =
      '{ taskDefinitions { id } taskDefinition(id: "testingRun") { id } backgroundTasks { listDefinitions { data { id } } } }';
    expect((await ask(query, imp)).data).toEqual({
      taskDefinitions: [{ id: 'importPages' }],
      taskDefinition: null,
      backgroundTasks: { listDefinitions: { data: [{ id: 'importPages' }] } },
    });
  });

  test('the compatibility namespace tells a lack of rights in its own words', async () => {
    const id = await trigger();
    const { data, errors } = await ask(
      `mutation { backgroundTasks { abortTask(id: "${id}") { data { id } } } }`,
      vic,
    );
    expect(errors).toMatchObject([
      { message: 'Not authorized!', extensions: { code: 'SECURITY_NOT_AUTHORIZED' } },
    ]);
    expect(data).not.toHaveProperty('backgroundTasks.abortTask.data.id');
    expect(service.calls.abort).toBeUndefined();
  });
});

const FOLLOW = 'subscription ($id: ID!) { taskRun(id: $id) { status } }';
const socketOf = async (payload?: unknown, headers?: Headers) => {
  const client = await openSocket(
    `${address.replace('http', 'ws')}/graphql`,
    headers && { headers },
  );
  client.send({ type: 'connection_init', payload });
  return client;
};

describe('a socket', () => {
  test.each([
    ['its first message', (key: string) => [bearer(key)]],
    ['the request that opened it', (key: string) => [undefined, bearer(key)]],
  ] as const)('shows its credential in %s', async (_, shown) => {
    const [payload, headers] = shown(vic.key);
    const client = await socketOf(payload, headers);
    expect((await client.next()).type).toBe('connection_ack');
    client.send({ type: 'subscribe', id: '1', payload: { query: '{ me { name } }' } });
    expect((await client.next()).payload).toEqual({ data: { me: { name: 'key vic' } } });
    client.socket.close();
  });

  test.each<[string, Headers | object | undefined]>([
    ['nothing', undefined],
    ['an empty message', {}],
    ['a number', { authorization: 1 }],
    ['a list', { authorization: [`Bearer ${ci.key}`] }],
    ['headers in its message', { headers: bearer(ci.key) }],
    ['9,000 characters', { authorization: `Bearer ${'a'.repeat(9000)}` }],
    ['another tenant', { ...bearer(ci.key), tenant: 'beta' }],
    ['a list of tenants', { ...bearer(ci.key), tenant: ['acme'] }],
  ])('with %s closes with 4403', async (_, payload) => {
    expect((await (await socketOf(payload)).closed).code).toBe(4403);
  });

  test('with a wrong credential in its message is not let in by a good one beside it', async () => {
    const client = await socketOf({ authorization: 'Bearer nobody' }, bearer(ci.key));
    expect((await client.closed).code).toBe(4403);
  });

  test.each([
    ['is revoked', { ...FILE, revoked: ['key:ci'] }, 'Forbidden'],
    [
      'has other rights',
      { ...FILE, keys: FILE.keys.map((key) => ({ ...key, roles: ['watcher'] })) },
      'Rights changed: come back, and go on from your last cursor',
    ],
  ])('closes with 4403 when its caller %s, and sends nothing more', async (_, file, reason) => {
    const id = await trigger();
    const client = await socketOf(bearer(ci.key));
    await client.next();
    client.send({ type: 'subscribe', id: '1', payload: { query: FOLLOW, variables: { id } } });
    expect((await client.next()).payload).toEqual({ data: { taskRun: { status: 'RUNNING' } } });
    login.rules = rulesOf(file);
    service.succeed(id);
    expect(await client.closed).toEqual({ code: 4403, reason });
    await expect(client.next()).rejects.toThrow('Closed with 4403');
  });

  test('of others stays', async () => {
    const client = await connect(`${address.replace('http', 'ws')}/graphql`, {
      headers: bearer(vic.key),
    });
    login.rules = rulesOf({ ...FILE, revoked: ['key:ci'] });
    client.send({ type: 'ping' });
    expect((await client.next()).type).toBe('pong');
    client.socket.close();
  });
});

const follow = async (id: string, token = ci.key) =>
  await fetch(`${address}/graphql/stream`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...bearer(token),
    },
    body: JSON.stringify({ query: FOLLOW, variables: { id } }),
  });

describe('an event stream', () => {
  test('is cut without an end when its caller is revoked', async () => {
    const { body } = await follow(await trigger());
    const events = body?.pipeThrough(new TextDecoderStream()).getReader();
    let told = '';
    while (!told.includes('RUNNING')) told += (await events?.read())?.value ?? '';
    login.rules = rulesOf({ ...FILE, revoked: ['key:ci'] });
    await expect(
      (async () => {
        for (;;) {
          const { done, value } = (await events?.read()) ?? {};
          told += value ?? '';
          if (done) return;
        }
      })(),
    ).rejects.toThrow('terminated');
    expect(told).not.toContain('complete');
  });
});

describe('when a token expires', () => {
  const SECONDS = 60;
  const tokens = new RunTokens([{ kid: 'a', secret: Buffer.alloc(32, 7) }]);
  /** A run, and a token that shows it. */
  const startRun = async () => {
    // Time goes on only where it is said.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    onTestFinished(() => void vi.useRealTimers());
    login = new Authenticator({ rules: rulesOf(FILE), tokens });
    await start();
    const id = await trigger();
    const said = { sub: 'ann', ten: 'acme', run: id, can: ['read' as const] };
    const { token, expiresAt } = await tokens.mint(said, SECONDS);
    return { id, token, left: expiresAt.getTime() - Date.now() };
  };

  test('its socket closes with 4403 then and not before, and sends nothing more', async () => {
    const { id, token, left } = await startRun();
    const client = await socketOf(bearer(token));
    await client.next();
    client.send({ type: 'subscribe', id: '1', payload: { query: FOLLOW, variables: { id } } });
    expect((await client.next()).payload).toEqual({ data: { taskRun: { status: 'RUNNING' } } });
    vi.advanceTimersByTime(left - 1);
    client.send({ type: 'ping' });
    expect((await client.next()).type).toBe('pong');
    vi.advanceTimersByTime(1);
    service.succeed(id);
    const reason = 'Token expired: come back with a new one, and go on from your last cursor';
    expect(await client.closed).toEqual({ code: 4403, reason });
    await expect(client.next()).rejects.toThrow('Closed with 4403');
  });

  test('its event stream is cut then and not before, without an end', async () => {
    const { id, token, left } = await startRun();
    const { body } = await follow(id, token);
    const events = body?.pipeThrough(new TextDecoderStream()).getReader();
    let told = '';
    const read = async (): Promise<boolean> => {
      const { done = true, value = '' } = (await events?.read()) ?? {};
      told += value;
      return done;
    };
    while (!told.includes('RUNNING')) await read();
    vi.advanceTimersByTime(left - 1);
    expect((await post('{ me { name } }', bearer(token))).status).toBe(200);
    vi.advanceTimersByTime(1);
    service.succeed(id);
    await expect(
      (async () => {
        while (!(await read()));
      })(),
    ).rejects.toThrow('terminated');
    expect(told).not.toMatch(/complete|SUCCEEDED/);
  });
});
