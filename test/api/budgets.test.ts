import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newApiKey } from '../../src/login/api-keys.ts';
import { parseAuthFile } from '../../src/login/auth-file.ts';
import { AuthRules } from '../../src/login/auth-rules.ts';
import { Authenticator } from '../../src/login/authenticator.ts';
import { CallerBudgets } from '../../src/shares/caller-budgets.ts';
import type { FakeTasks } from '../../src/testing/fake-tasks.ts';
import { testGateway } from './support/app.ts';
import { connect } from './support/live-gateway.ts';

const keys = Object.fromEntries(
  ['noisy', 'other', 'quiet'].map((id) => [id, newApiKey(id)]),
) as Record<'noisy' | 'other' | 'quiet', ReturnType<typeof newApiKey>>;
const fileOf = (limits: object) => ({
  tenants: {},
  keys: Object.entries(keys).map(([id, { hash }]) => ({
    id,
    hashes: [hash],
    tenant: id === 'quiet' ? 'beta' : 'acme',
    roles: ['operator'],
  })),
  limits,
});
const rulesOf = (limits: object): AuthRules =>
  new AuthRules(parseAuthFile(JSON.stringify(fileOf(limits))));
const RATE = 10;
let now = 0;

let login: Authenticator;
let app: FastifyInstance;
let service: FakeTasks<any>;
let address: string;
beforeEach(async () => {
  login = new Authenticator({ rules: rulesOf({ caller: { burst: 40, rate: RATE } }) });
  const limits = () => ({
    caller: login.rules.callerAllowance,
    tenant: (name: string) => login.rules.tenantAllowance(name),
  });
  const budgets = new CallerBudgets(limits, { now: () => now });
  ({ app, service } = await testGateway({ authenticate: login.authenticate, budgets }));
  address = await app.listen({ port: 0, host: '127.0.0.1' });
});
afterEach(() => app.close());

const headersOf = (id: keyof typeof keys) => ({
  'content-type': 'application/json',
  authorization: `Bearer ${keys[id].key}`,
});
const QUERY = '{ taskRuns(first: 1) { nodes { id } } }';
const overHttp = async (id: keyof typeof keys, query = QUERY) => {
  const answer = await fetch(`${address}/graphql`, {
    method: 'POST',
    headers: headersOf(id),
    body: JSON.stringify({ query }),
  });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as any };
};
const overEvents = async (id: keyof typeof keys) => {
  const answer = await fetch(`${address}/graphql/stream`, {
    method: 'POST',
    headers: { ...headersOf(id), accept: 'text/event-stream' },
    body: JSON.stringify({ query: QUERY }),
  });
  return { status: answer.status, text: await answer.text() };
};
const openSocket = (id: keyof typeof keys) =>
  connect(`${address.replace('http', 'ws')}/graphql`, {
    headers: { authorization: `Bearer ${keys[id].key}` },
  });
const overSocket = async (socket: Awaited<ReturnType<typeof openSocket>>, id: string) => {
  socket.send({ type: 'subscribe', id, payload: { query: QUERY } });
  const { type, payload } = (await socket.next()) as { type: string; payload: any };
  if (type === 'next') await socket.next();
  return { type, payload };
};
const isServed = ({ status }: { readonly status: number }): boolean => status === 200;

test('one caller has one budget over HTTP, event streams, and all of its sockets', async () => {
  const sockets = await Promise.all(Array.from({ length: 5 }, () => openSocket('noisy')));
  const before = service.calls.list ?? 0;
  let served = 0;
  for (let n = 0; n < 6; n++) {
    served += Number(isServed(await overHttp('noisy')));
    served += Number(isServed(await overEvents('noisy')));
    for (const socket of sockets)
      served += Number((await overSocket(socket, String(n))).type === 'next');
  }
  // Each is a point, one for its call, and some bytes.
  expect(served).toBe(20);
  expect((service.calls.list ?? 0) - before).toBe(20);
});

test('beyond it each is told in its own way, in the same words, and the socket stays', async () => {
  const socket = await openSocket('noisy');
  for (let n = 0; n < 20; n++) await overHttp('noisy');
  const before = { ...service.calls };
  const extensions = { code: 'RATE_LIMITED', limit: 'caller', retryAfter: expect.any(Number) };
  const errors = [{ message: expect.stringContaining('used up'), extensions }];

  const { status, headers, body } = await overHttp('noisy');
  expect({ status, body }).toEqual({ status: 429, body: { errors } });
  expect(headers.get('retry-after')).toBe(String(body.errors[0].extensions.retryAfter));
  const ours = await overHttp('noisy', '{ backgroundTasks { listTasks { data { id } } } }');
  expect({ status: ours.status, body: ours.body }).toEqual({ status: 429, body: { errors } });
  expect((await overEvents('noisy')).status).toBe(429);
  for (const id of ['a', 'b'])
    expect(await overSocket(socket, id)).toEqual({ type: 'error', payload: errors });
  // Nothing was asked for it.
  expect(service.calls).toEqual(before);
});

test('it is served again after the time that it was told', async () => {
  for (let n = 0; n < 20; n++) await overHttp('noisy');
  const { retryAfter } = (await overHttp('noisy')).body.errors[0].extensions;
  now += retryAfter * 1000;
  expect((await overHttp('noisy')).status).toBe(200);
});

test('whoever is quiet is served, whatever another one asks for', async () => {
  const asked = Promise.all(Array.from({ length: 100 }, () => overHttp('noisy')));
  const quiet = [];
  for (let n = 0; n < 15; n++) quiet.push(await overHttp('quiet'));
  expect(quiet.filter(isServed)).toHaveLength(15);
  expect((await asked).filter(isServed)).toHaveLength(20);
});

test('callers of one tenant share its own, and another tenant has all of its', async () => {
  login.rules = rulesOf({
    caller: { burst: 40, rate: RATE },
    tenants: { acme: { budget: { burst: 50, rate: RATE } } },
  });
  for (let n = 0; n < 20; n++) await overHttp('noisy');
  const other = [];
  for (let n = 0; n < 20; n++) other.push(await overHttp('other'));
  const refused = other.filter((one) => !isServed(one));
  expect(other.length - refused.length).toBe(5);
  expect(refused[0]?.body.errors[0].extensions).toMatchObject({
    code: 'RATE_LIMITED',
    limit: 'tenant',
  });
  for (let n = 0; n < 20; n++) expect((await overHttp('quiet')).status).toBe(200);
});

test('numbers of a changed file hold at once, and its sockets stay', async () => {
  const socket = await openSocket('noisy');
  for (let n = 0; n < 20; n++) await overHttp('noisy');
  expect((await overHttp('noisy')).status).toBe(429);
  login.rules = rulesOf({ caller: { burst: 40, rate: 1000 } });
  now += 10;
  const answers = [];
  for (let n = 0; n < 10; n++) answers.push((await overSocket(socket, String(n))).type);
  expect(answers.filter((type) => type === 'next')).toHaveLength(5);
});

test('an operation that has begun ends when its caller owes as much as it may', async () => {
  for (let n = 0; n < 60; n++)
    await service
      .as({ name: 'ann', tenant: 'acme' })
      .trigger({ definition: 'testingRun', input: 'x'.repeat(64 * 1024) });
  const before = service.calls.input ?? 0;
  const { body } = await overHttp('noisy', '{ taskRuns(first: 60) { nodes { input } } }');
  const inputs = body.data.taskRuns.nodes.filter((one: any) => one.input !== null);
  expect(inputs.length).toBeLessThan(60);
  expect(body.errors[0].extensions).toMatchObject({ code: 'RATE_LIMITED', limit: 'caller' });
  expect((service.calls.input ?? 0) - before).toBeLessThanOrEqual(60);
  expect((await overHttp('noisy')).status).toBe(429);
});
