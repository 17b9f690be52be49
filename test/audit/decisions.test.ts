// What is told of whom, by a gateway over tasks in memory.
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Audit } from '../../src/audit/audit.ts';
import { audited } from '../../src/audit/audited.ts';
import type { Told } from '../../src/audit/decision.ts';
import { TaskError } from '../../src/contract/task-error.ts';
import type { Tasks } from '../../src/contract/tasks.ts';
import { encryption } from '../../src/encryption/encryption.ts';
import { newApiKey } from '../../src/login/api-keys.ts';
import { parseAuthFile } from '../../src/login/auth-file.ts';
import { AuthRules } from '../../src/login/auth-rules.ts';
import { Authenticator } from '../../src/login/authenticator.ts';
import { RunTokens } from '../../src/login/run-tokens.ts';
import type { Authenticate } from '../../src/login/session.ts';
import { FakeTasks } from '../../src/testing/fake-tasks.ts';
import { tasks as definitions, testGateway } from '../api/support/app.ts';
import { openSocket } from '../api/support/live-gateway.ts';

const keys = {
  root: newApiKey('root'),
  vic: newApiKey('vic'),
  bob: newApiKey('bob'),
  gone: newApiKey('gone'),
};
const FILE = {
  tenants: {},
  keys: [
    { id: 'root', hashes: [keys.root.hash], tenant: 'acme', roles: ['admin'] },
    { id: 'vic', hashes: [keys.vic.hash], tenant: 'acme', roles: ['watcher'] },
    { id: 'bob', hashes: [keys.bob.hash], tenant: 'beta', roles: ['admin'] },
    { id: 'gone', hashes: [keys.gone.hash], tenant: 'acme', roles: ['admin'] },
  ],
  revoked: ['key:gone'],
};
const rulesOf = (file: object): AuthRules => new AuthRules(parseAuthFile(JSON.stringify(file)));
const runTokens = new RunTokens([{ kid: 'a', secret: Buffer.alloc(32, 7) }]);
const PLANTED = 'planted-marker';

let login: Authenticator;
let service: FakeTasks<any>;
let address: string;
let text = '';
let audit: Audit;
const open: FastifyInstance[] = [];
const lines = (): any[] =>
  text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));

async function start(authenticate: Authenticate = login.authenticate): Promise<void> {
  audit = new Audit({ write: (line) => ((text += line), true) });
  const made = await testGateway({
    authenticate,
    audit,
    tokens: runTokens,
    encryption: encryption({ keys: [{ id: 'k1', key: Buffer.alloc(32, 7) }] }),
  });
  open.push(made.app);
  ({ service } = made);
  address = await made.app.listen({ port: 0, host: '127.0.0.1' });
}
beforeEach(async () => {
  text = '';
  login = new Authenticator({ rules: rulesOf(FILE), tokens: runTokens });
  await start();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
  audit.close();
  for (const { key } of Object.values(keys)) expect(text).not.toContain(key.slice(-43));
  expect(text).not.toContain(PLANTED);
});

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const post = async (query: string, key: string, headers: object = {}): Promise<any> => {
  const answer = await fetch(`${address}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(key), ...headers },
    body: JSON.stringify({ query }),
  });
  return await answer.json();
};
const trigger = async (): Promise<string> => {
  const caller = service.as({ name: 'ann', tenant: 'acme' });
  const { id } = await caller.trigger({ definition: 'testingRun', input: PLANTED });
  return id;
};

/** What every line of a caller over HTTP has. */
const by = (name: string, tenant = 'acme') => ({
  '@timestamp': expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  component: 'audit',
  'event.kind': 'event',
  'user.name': `key ${name}`,
  'user.id': `key:${name}`,
  'organization.id': tenant,
  'source.ip': '127.0.0.1',
  'http.request.id': expect.any(String),
});
const RUNS = { 'event.category': ['process'] };

const VERBS = {
  triggerTask: {
    ask: () =>
      `mutation { triggerTask(definition: "testingRun", input: "${PLANTED}") { __typename } }`,
    action: 'run-trigger',
    lacks: 'right:trigger',
    done: { definition: 'testingRun', run: expect.any(String) },
    refused: { definition: 'testingRun' },
  },
  rerunTaskRun: {
    ask: (id: string) =>
      `mutation { rerunTaskRun(id: "${id}", input: "${PLANTED}") { __typename } }`,
    action: 'run-rerun',
    lacks: 'right:trigger',
    done: { definition: 'testingRun', run: expect.any(String), rerunOf: 'ID' },
    refused: { rerunOf: 'ID' },
  },
  resumeTaskRun: {
    ask: (id: string) =>
      `mutation { resumeTaskRun(id: "${id}", input: "${PLANTED}") { __typename } }`,
    action: 'run-resume',
    lacks: 'right:trigger',
    ofEnded: true,
    done: { definition: 'testingRun', run: expect.any(String), resumeOf: 'ID' },
    refused: { resumeOf: 'ID' },
  },
  abortTaskRun: {
    ask: (id: string) => `mutation { abortTaskRun(id: "${id}", reason: "no use") { __typename } }`,
    action: 'run-abort',
    lacks: 'right:abort',
    reason: 'ABORTING',
    done: { definition: 'testingRun', run: 'ID', said: 'no use' },
    refused: { run: 'ID', said: 'no use' },
  },
  terminateTaskRun: {
    ask: (id: string) => `mutation { terminateTaskRun(id: "${id}", reason: "now") { __typename } }`,
    action: 'run-terminate',
    lacks: 'right:abort',
    reason: 'TERMINATED',
    done: { definition: 'testingRun', run: 'ID', said: 'now' },
    refused: { run: 'ID', said: 'now' },
  },
  deleteTaskRun: {
    ask: (id: string) => `mutation { deleteTaskRun(id: "${id}") { __typename } }`,
    action: 'run-delete',
    lacks: 'right:delete',
    done: { run: 'ID' },
    refused: { run: 'ID' },
  },
  'backgroundTasks triggerTask': {
    ask: () =>
      `mutation { backgroundTasks { triggerTask(definition: "testingRun", input: { a: "${PLANTED}" }) { data { id } } } }`,
    action: 'run-trigger',
    lacks: 'right:trigger',
    done: { definition: 'testingRun', run: expect.any(String) },
    refused: { definition: 'testingRun' },
  },
  'backgroundTasks abortTask': {
    ask: (id: string) =>
      `mutation { backgroundTasks { abortTask(id: "${id}", message: "no use") { data { id } } } }`,
    action: 'run-abort',
    lacks: 'right:abort',
    reason: 'ABORTING',
    done: { definition: 'testingRun', run: 'ID', said: 'no use' },
    refused: { run: 'ID', said: 'no use' },
  },
  'backgroundTasks deleteTask': {
    ask: (id: string) => `mutation { backgroundTasks { deleteTask(id: "${id}") { data } } }`,
    action: 'run-delete',
    lacks: 'right:delete',
    done: { run: 'ID' },
    refused: { run: 'ID' },
  },
} as const;
const withId = (fields: object, id: string) =>
  Object.fromEntries(Object.entries(fields).map(([name, one]) => [name, one === 'ID' ? id : one]));

describe.each(Object.entries(VERBS))('%s', (_, { ask, action, lacks, done, refused, ...verb }) => {
  test('that is done is one line with these fields', async () => {
    const id = await trigger();
    if ('ofEnded' in verb) service.fail(id, new Error('no'));
    await post(ask(id), keys.root.key, { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` });
    expect(lines()).toEqual([
      {
        ...by('root'),
        ...RUNS,
        'event.action': action,
        'event.outcome': 'success',
        ...('reason' in verb && { 'event.reason': verb.reason }),
        'trace.id': TRACE,
        waymark: { credential: 'API_KEY', ...withId(done, id) },
      },
    ]);
  });

  test('that is refused is one line with these fields', async () => {
    const id = await trigger();
    await post(ask(id), keys.vic.key);
    expect(lines()).toEqual([
      {
        ...by('vic'),
        ...RUNS,
        'event.action': action,
        'event.outcome': 'failure',
        'event.reason': lacks,
        waymark: { credential: 'API_KEY', ...withId(refused, id) },
      },
    ]);
  });

  test('of another tenant’s run says inside what is not said outside', async () => {
    const id = await trigger();
    const answer = await post(ask(id), keys.bob.key);
    if (ask('') === ask('x')) return expect(lines()).toHaveLength(1);
    expect(lines()).toMatchObject([
      { ...by('bob', 'beta'), 'event.action': action, 'event.reason': 'hidden:tenant' },
    ]);
    text = '';
    const missing = await post(ask('acme~none'), keys.bob.key);
    expect(JSON.stringify(answer).replaceAll(id, '…')).toBe(
      JSON.stringify(missing).replaceAll('acme~none', '…'),
    );
  });
});

test('a key that was used before, and an input that does not fit, are told as what they are', async () => {
  const ask =
    'mutation { triggerTask(definition: "testingRun", input: 1, options: { key: "k" }) { __typename } }';
  await post(ask, keys.root.key);
  await post(ask, keys.root.key);
  await post(
    'mutation { triggerTask(definition: "importPages", input: 1) { __typename } }',
    keys.root.key,
  );
  await post('mutation { abortTaskRun(id: "acme~none") { __typename } }', keys.root.key);
  expect(lines().map((line) => [line['event.outcome'], line['event.reason']])).toEqual([
    ['success', undefined],
    ['success', 'DEDUPLICATED'],
    ['failure', 'INVALID_INPUT'],
    ['failure', 'TASK_RUN_NOT_FOUND'],
  ]);
});

test('what is read is not told, and what may not be read is', async () => {
  const id = await trigger();
  const query = `{ taskRun(id: "${id}") { status input } taskRuns { totalCount } me { name } }`;
  await post(query, keys.root.key);
  await post('{ taskRun(id: "acme~none") { status } }', keys.root.key);
  expect(text).toBe('');
  await post(query, keys.bob.key);
  await post('{ workers { id } }', keys.vic.key);
  expect(lines()).toEqual([
    {
      ...by('bob', 'beta'),
      'event.category': ['api'],
      'event.action': 'run-read',
      'event.outcome': 'failure',
      'event.reason': 'hidden:tenant',
      waymark: { credential: 'API_KEY', run: id },
    },
    {
      ...by('vic'),
      'event.category': ['api'],
      'event.action': 'worker-read',
      'event.outcome': 'failure',
      'event.reason': 'right:operate',
      waymark: { credential: 'API_KEY' },
    },
  ]);
});

const refusedWith = (reason: string, more: object = {}) => ({
  '@timestamp': expect.any(String),
  component: 'audit',
  'event.kind': 'event',
  'event.category': ['authentication'],
  'event.action': 'login',
  'event.outcome': 'failure',
  'event.reason': reason,
  'source.ip': '127.0.0.1',
  'http.request.id': expect.any(String),
  waymark: {},
  ...more,
});

test('values that may not be decoded are told, and none of them', async () => {
  await fetch(`${address}/codec/decode`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(keys.vic.key) },
    body: JSON.stringify({ payloads: [{ data: PLANTED }] }),
  });
  expect(lines()).toEqual([
    {
      ...by('vic'),
      'event.category': ['api'],
      'event.action': 'value-decode',
      'event.outcome': 'failure',
      'event.reason': 'FORBIDDEN',
      waymark: { credential: 'API_KEY' },
    },
  ]);
});

describe('a login', () => {
  test.each([
    ['an unknown key', newApiKey('nobody').key, 'unknown-key', {}],
    ['a wrong key', `${keys.root.key.slice(0, -4)}AAAA`, 'wrong-key', {}],
    ['a revoked key', keys.gone.key, 'revoked', { 'user.id': 'key:gone' }],
    ['no token at all', 'no-token', 'no-provider', {}],
  ])('by %s is refused with its reason inside', async (_, shown, reason, more) => {
    await post('{ me { name } }', shown);
    expect(lines()).toEqual([refusedWith(reason, more)]);
    expect(text).not.toContain(shown);
  });

  test('by a forged or stale token is refused, over HTTP, an event stream and a socket', async () => {
    const { token } = await runTokens.mint(
      { sub: 'ann', run: 'x', can: ['read'] },
      60,
      Date.now() - 600_000,
    );
    await post('{ me { name } }', token);
    await fetch(`${address}/graphql/stream?query={__typename}`, {
      headers: { accept: 'text/event-stream', ...bearer(`${token.slice(0, -6)}AAAAAA`) },
    });
    const client = await openSocket(`${address.replace('http', 'ws')}/graphql`);
    client.send({ type: 'connection_init', payload: bearer(keys.gone.key) });
    expect((await client.closed).code).toBe(4403);
    expect(lines()).toEqual([
      refusedWith('jwt-expired'),
      refusedWith('jws-signature-verification-failed'),
      refusedWith('revoked', { 'user.id': 'key:gone' }),
    ]);
    expect(text).not.toContain(token.slice(-40));
  });

  test('that is good and gives nothing says whose it is', async () => {
    await post('{ me { name } }', keys.root.key, { 'x-tenant': 'beta' });
    expect(lines()).toEqual([refusedWith('no-tenant', { 'user.id': 'key:root' })]);
  });

  test('by an application’s own words is told by its status alone', async () => {
    await start(async () => {
      throw Object.assign(new Error(PLANTED), { statusCode: 403 });
    });
    await post('{ me { name } }', 'x');
    expect(lines()).toEqual([refusedWith('403')]);
  });

  test('a flood of 500 is two lines, with its number', async () => {
    for (let n = 0; n < 20; n++)
      await Promise.all(Array.from({ length: 25 }, () => post('{ x }', newApiKey('nobody').key)));
    audit.close();
    expect(lines()).toMatchObject([
      { 'event.reason': 'unknown-key', waymark: {} },
      { 'event.reason': 'unknown-key', waymark: { count: 499 } },
    ]);
  });
});

const mint = (id: string, can: string) =>
  `mutation { mintRunToken(id: "${id}", can: [${can}]) { __typename ... on TokenMinted { id token } } }`;

const mintTold = (name: string, outcome: string, more: object, tenant?: string) => ({
  ...by(name, tenant),
  'event.category': ['iam'],
  'event.action': 'token-mint',
  'event.outcome': outcome,
  ...more,
});

describe('a token', () => {
  test('that is minted, or is not, is one line', async () => {
    const id = await trigger();
    const { data } = await post(mint(id, 'READ'), keys.root.key);
    await post(mint(id, 'READ, ABORT'), keys.vic.key);
    await post(mint(id, 'READ'), keys.bob.key);
    const credential = 'API_KEY';
    expect(lines()).toEqual([
      mintTold('root', 'success', {
        waymark: { credential, run: id, token: data.mintRunToken.id },
      }),
      mintTold('vic', 'failure', {
        'event.reason': 'right:abort',
        waymark: { credential, run: id },
      }),
      mintTold(
        'bob',
        'failure',
        { 'event.reason': 'hidden:tenant', waymark: { credential, run: id } },
        'beta',
      ),
    ]);
    expect(text).not.toContain(data.mintRunToken.token.slice(-40));
  });

  test('for a trigger, and for what was triggered by it, too', async () => {
    const { data } = await post(
      `mutation { mintTriggerToken(definition: "testingRun", fixed: { a: "${PLANTED}" }) { ... on TokenMinted { id token } } }`,
      keys.root.key,
    );
    const { id, token } = data.mintTriggerToken;
    await post(
      'mutation { triggerTask(definition: "testingRun") { ... on TaskRunTriggered { token { token } } } }',
      token,
    );
    expect(
      lines().map((line) => [line['event.action'], line['user.id'], line.waymark.credential]),
    ).toEqual([
      ['token-mint', 'key:root', 'API_KEY'],
      ['run-trigger', `token:${id}`, 'RUN_TOKEN'],
      ['token-mint', `token:${id}`, 'RUN_TOKEN'],
    ]);
    expect(text).not.toContain(token.slice(-40));
  });
});

describe('a socket', () => {
  test('tells its operations as its own, and its end', async () => {
    const id = await trigger();
    const client = await openSocket(`${address.replace('http', 'ws')}/graphql`);
    client.send({ type: 'connection_init', payload: bearer(keys.bob.key) });
    await client.next();
    const query = `subscription { taskRun(id: "${id}") { status } }`;
    client.send({ type: 'subscribe', id: '1', payload: { query } });
    await client.next();
    const abort = `mutation { abortTaskRun(id: "${id}") { __typename } }`;
    client.send({ type: 'subscribe', id: '2', payload: { query: abort } });
    await client.next();
    login.rules = rulesOf({ ...FILE, revoked: ['key:bob'] });
    expect((await client.closed).code).toBe(4403);
    const told = lines();
    expect(told).toMatchObject([
      { ...by('bob', 'beta'), 'event.action': 'run-read', 'event.reason': 'hidden:tenant' },
      { ...by('bob', 'beta'), 'event.action': 'run-abort', 'event.reason': 'hidden:tenant' },
      {
        ...by('bob', 'beta'),
        'event.category': ['session'],
        'event.action': 'session-end',
        'event.outcome': 'success',
        'event.reason': 'revoked',
      },
    ]);
    expect(new Set(told.map((line) => line['http.request.id'])).size).toBe(1);
  });
});

test('an event stream tells what it was refused', async () => {
  const id = await trigger();
  const query = `subscription { taskRun(id: "${id}") { status } }`;
  const answer = await fetch(`${address}/graphql/stream`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...bearer(keys.bob.key),
    },
    body: JSON.stringify({ query }),
  });
  await answer.text();
  expect(lines()).toMatchObject([
    { ...by('bob', 'beta'), 'event.action': 'run-read', 'event.reason': 'hidden:tenant' },
  ]);
});

const telling = (tasks: object) => {
  const told: Told[] = [];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test asks what it has
  return { tasks: audited(tasks as Tasks, (one) => told.push(one)), told };
};

describe('from code', () => {
  test.each([
    ['RESULT_UNKNOWN', 'unknown'],
    ['TIMEOUT', 'unknown'],
    ['UNAVAILABLE', 'unknown'],
    ['LIMIT_EXCEEDED', 'failure'],
  ] as const)('%s is told as %s', async (code, outcome) => {
    const error = new TaskError(code, PLANTED);
    const { tasks, told } = telling({ abort: () => Promise.reject(error) });
    await expect(tasks.abort({ id: 'x' })).rejects.toBe(error);
    expect(told).toMatchObject([{ action: 'run-abort', outcome, reason: code }]);
  });

  test('an error that nobody foresaw may have come after what it did', async () => {
    const { tasks, told } = telling({ delete: () => Promise.reject(new Error(PLANTED)) });
    await expect(tasks.delete('x')).rejects.toThrow(PLANTED);
    expect(told).toEqual([
      { action: 'run-delete', run: 'x', outcome: 'unknown', reason: 'INTERNAL' },
    ]);
  });

  test('settings that are changed, or may not be', async () => {
    const fake = new FakeTasks({ tasks: definitions });
    const admin = telling(fake.as({ name: 'ann' }));
    await admin.tasks.updateSettings(await admin.tasks.settings());
    const viewer = telling(fake.as({ name: 'vic', grants: [{ can: ['logs'] }] }));
    await expect(viewer.tasks.updateSettings({ retentionDays: 1 })).rejects.toThrow('settings');
    await expect(viewer.tasks.settings()).rejects.toThrow('read');
    expect([...admin.told, ...viewer.told]).toEqual([
      { action: 'settings-change', outcome: 'success' },
      { action: 'settings-change', outcome: 'failure', reason: 'right:settings' },
      { action: 'settings-read', outcome: 'failure', reason: 'right:read' },
    ]);
  });

  test('as another caller is told too', async () => {
    const { tasks, told } = telling(new FakeTasks({ tasks: definitions }));
    await expect(tasks.as({ name: 'vic', grants: [] }).logs('x')).rejects.toThrow('no task run');
    await expect(tasks.as({ name: 'vic', tenant: 'a' }).tail('b~x').next()).rejects.toThrow(
      'no task run',
    );
    expect(told).toEqual([
      { action: 'log-read', run: 'b~x', outcome: 'failure', reason: 'hidden:tenant' },
    ]);
  });
});
