import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Audit } from '../../src/audit/audit.ts';
import { newApiKey } from '../../src/login/api-keys.ts';
import { parseAuthFile } from '../../src/login/auth-file.ts';
import { AuthRules } from '../../src/login/auth-rules.ts';
import { Authenticator } from '../../src/login/authenticator.ts';
import type { Presented } from '../../src/login/session.ts';
import { trustedPeers } from '../../src/login/trusted-peers.ts';
import { AddressShares } from '../../src/shares/address-shares.ts';
import { testGateway } from './support/app.ts';
import { connect, openSocket } from './support/live-gateway.ts';

const ci = newApiKey('ci');
const rulesOf = (address: object = {}): AuthRules =>
  new AuthRules(
    parseAuthFile(
      JSON.stringify({
        keys: [{ id: 'ci', hashes: [ci.hash], roles: ['operator'] }],
        limits: { address },
      }),
    ),
  );
const GOOD = `Bearer ${ci.key}`;
const BAD = `Bearer ${newApiKey('ci').key}`;

let login: Authenticator;
let lookedUp: Presented[];
let now: number;
let audited: string[];
let app: FastifyInstance;
let address: string;
beforeEach(async () => {
  login = new Authenticator({ rules: rulesOf() });
  lookedUp = [];
  now = 0;
  audited = [];
  ({ app } = await testGateway({
    authenticate: async (presented) => {
      lookedUp.push(presented);
      return await login.authenticate(presented);
    },
    audit: new Audit({ write: (line) => audited.push(line) > 0 }),
    // As behind a proxy of this machine.
    addresses: new AddressShares(() => login.rules.addressLimits, {
      now: () => now,
      isTrusted: trustedPeers(['127.0.0.1']),
    }),
  }));
  address = await app.listen({ port: 0, host: '127.0.0.1' });
});
afterEach(() => app.close());

const from = (ip: string) => ({ 'x-forwarded-for': ip });
const ask = async (ip: string, authorization?: string) => {
  const answer = await fetch(`${address}/graphql?query={__typename}`, {
    headers: { ...from(ip), ...(authorization !== undefined && { authorization }) },
  });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as any };
};
const wsUrl = (): string => `${address.replace('http', 'ws')}/graphql`;
const greet = async (ip: string, authorization: string): Promise<number> => {
  const socket = await openSocket(wsUrl(), { headers: from(ip) });
  socket.send({ type: 'connection_init', payload: { authorization } });
  const opened = await socket.next().then(
    () => 0,
    () => undefined,
  );
  socket.socket.close();
  return opened ?? (await socket.closed).code;
};

test('a flood of wrong keys is refused before they are looked up, and holds up no other address', async () => {
  const answers = [];
  for (let n = 0; n < 100; n++) answers.push((await ask('198.51.100.1', BAD)).status);
  expect(answers.filter((status) => status === 401)).toHaveLength(10);
  expect(answers.filter((status) => status === 429)).toHaveLength(90);
  expect(lookedUp).toHaveLength(10);
  expect((await ask('198.51.100.2', GOOD)).status).toBe(200);
});

test('the refusal is one form, and true', async () => {
  for (let n = 0; n < 10; n++) await ask('198.51.100.1', BAD);
  const { status, headers, body } = await ask('198.51.100.1', GOOD);
  const extensions = { code: 'RATE_LIMITED', limit: 'address', retryAfter: 1 };
  expect({ status, body }).toEqual({
    status: 429,
    body: { errors: [{ message: expect.stringContaining('from your address'), extensions }] },
  });
  expect(headers.get('retry-after')).toBe('1');
  now += 1000;
  expect((await ask('198.51.100.1', GOOD)).status).toBe(200);
});

test('many at once leave no debt', async () => {
  await Promise.all(Array.from({ length: 100 }, () => ask('198.51.100.1', BAD)));
  now += 1000;
  expect((await ask('198.51.100.1', GOOD)).status).toBe(200);
});

test('whoever logs in, and whoever shows nothing, uses up nothing', async () => {
  for (let n = 0; n < 50; n++) {
    expect((await ask('198.51.100.1', GOOD)).status).toBe(200);
    expect((await ask('198.51.100.1')).status).toBe(401);
  }
});

test('a client cannot take another address by saying so', async () => {
  for (let n = 0; n < 10; n++) await ask(`9.9.9.${n}, 198.51.100.1`, BAD);
  expect((await ask('9.9.9.99, 198.51.100.1', BAD)).status).toBe(429);
});

test('sockets draw on the same, and are told to come back later', async () => {
  for (let n = 0; n < 5; n++) expect(await greet('198.51.100.1', BAD)).toBe(4403);
  for (let n = 0; n < 5; n++) expect((await ask('198.51.100.1', BAD)).status).toBe(401);
  expect(await greet('198.51.100.1', GOOD)).toBe(1013);
  expect(lookedUp).toHaveLength(10);
  expect(await greet('198.51.100.2', GOOD)).toBe(0);
});

test('sockets that say nothing are few for each address', async () => {
  const open = async (ip: string) =>
    await openSocket(wsUrl(), { headers: from(ip) }).catch((error: Error) => error.message);
  const sockets = await Promise.all(Array.from({ length: 50 }, () => open('198.51.100.1')));
  const opened = sockets.filter((one) => typeof one !== 'string');
  expect(opened).toHaveLength(20);
  expect(sockets.find((one) => typeof one === 'string')).toContain('429');
  const other = await connect(wsUrl(), {
    headers: { ...from('198.51.100.2'), authorization: GOOD },
  });
  // One that speaks, and one that goes, make room for two.
  opened[0]?.send({ type: 'connection_init', payload: { authorization: GOOD } });
  await opened[0]?.next();
  opened[1]?.socket.terminate();
  await expect.poll(async () => typeof (await open('198.51.100.1'))).not.toBe('string');
  await expect.poll(async () => typeof (await open('198.51.100.1'))).not.toBe('string');
  expect(await open('198.51.100.1')).toContain('429');
  other.socket.close();
});

test('numbers of a changed file hold at once', async () => {
  login.rules = rulesOf({ failures: { burst: 3, rate: 1 } });
  for (let n = 0; n < 3; n++) expect((await ask('198.51.100.1', BAD)).status).toBe(401);
  expect((await ask('198.51.100.1', BAD)).status).toBe(429);
});

test('the audit has the address itself, as the proxy tells it', async () => {
  for (const ip of ['198.51.100.1', '2001:db8::7']) {
    expect((await ask(ip, BAD)).status).toBe(401);
    expect(JSON.parse(audited.at(-1) ?? '')).toMatchObject({ 'source.ip': ip });
  }
});

test('hosts of one IPv6 network share what it may do', async () => {
  for (let n = 0; n < 10; n++) expect((await ask(`2001:db8::${n}`, BAD)).status).toBe(401);
  expect((await ask('2001:db8::ffff', BAD)).status).toBe(429);
  expect((await ask('2001:db8:0:1::1', BAD)).status).toBe(401);
});
