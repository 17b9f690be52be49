import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testGateway } from '../support/app.ts';

const { app, service } = await testGateway();
let url = '';
beforeAll(async () => {
  url = `${await app.listen({ port: 0, host: '127.0.0.1' })}/graphql`;
});
afterAll(() => app.close());

const audits = serverAudits({ url: () => url });

describe('GraphQL over HTTP', () => {
  test('has 61 audits', () => expect(audits).toHaveLength(61));

  test.each(audits.map((audit) => [audit.id, audit.name, audit] as const))(
    '%s: %s',
    async (_id, _name, audit) => {
      const result = await audit.fn();
      expect(result.status === 'ok' ? 'ok' : `${result.status}: ${result.reason}`).toBe('ok');
    },
  );
});

const post = async (payload: unknown, headers: Record<string, string> = {}) => {
  const reply = await app.inject({
    method: 'POST',
    url: '/graphql',
    payload: JSON.stringify(payload),
    headers: { 'content-type': 'application/json', ...headers },
  });
  return { status: reply.statusCode, body: reply.json() };
};
const get = async (parameters: Record<string, string>) => {
  const reply = await app.inject({ url: '/graphql', query: parameters });
  return { status: reply.statusCode, headers: reply.headers, body: reply.json() };
};
const TRIGGER =
  'mutation Trigger { backgroundTasks { triggerTask(definition: testingRun) { data { id } } } }';
const TWO = `query Types { __typename } ${TRIGGER}`;

test('a batch is refused, and says what to do', async () => {
  expect(await post([{ query: '{ __typename }' }])).toEqual({
    status: 400,
    body: {
      errors: [
        {
          message: 'Batched operations are not served: send one operation a request.',
          extensions: { code: 'BAD_REQUEST' },
        },
      ],
    },
  });
});

test.each([
  ['text', '"a"'],
  ['number', '1'],
  ['null', 'null'],
  ['nothing', ''],
  ['no JSON', '{'],
])('a body that is %s is refused', async (_what, payload) => {
  const reply = await app.inject({
    method: 'POST',
    url: '/graphql',
    payload,
    headers: { 'content-type': 'application/json' },
  });
  expect(reply.statusCode).toBe(400);
  expect(reply.json().errors[0].message).not.toMatch(/Internal/);
  expect(reply.json().errors[0].extensions).toEqual({ code: 'BAD_REQUEST' });
});

test.each([
  ['a document that does not parse', { query: '{' }],
  ['a field that is not there', { query: '{ nothing }' }],
  [
    'a variable that does not fit',
    { query: 'query Q($n: Int) { __typename }', variables: { n: 'a' } },
  ],
  ['no operation of that name', { query: '{ __typename }', operationName: 'Other' }],
])('%s is told with a code', async (_what, payload) => {
  const { body } = await post(payload);
  expect(body.errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }]);
});

test('OPTIONS tells what the path takes', async () => {
  const reply = await app.inject({ method: 'OPTIONS', url: '/graphql' });
  expect(reply).toMatchObject({ statusCode: 204, headers: { allow: 'GET, POST, OPTIONS' } });
});

test('a mutation cannot be sent by GET', async () => {
  expect(await get({ query: TRIGGER })).toMatchObject({
    status: 405,
    headers: { allow: 'POST' },
    body: { errors: [{ message: 'A mutation cannot be sent by GET.' }] },
  });
  expect((await service.list()).runs).toEqual([]);
});

test('of several operations the named one runs, again and again', async () => {
  const before = await service.count();
  for (let i = 0; i < 3; i++) {
    expect(await post({ query: TWO, operationName: 'Types' })).toEqual({
      status: 200,
      body: { data: { __typename: 'Query' } },
    });
    expect(await post({ query: TWO, operationName: 'Trigger' })).toMatchObject({
      body: { data: { backgroundTasks: { triggerTask: { data: { id: expect.any(String) } } } } },
    });
    expect(await get({ query: TWO, operationName: 'Types' })).toMatchObject({
      body: { data: { __typename: 'Query' } },
    });
  }
  expect(await service.count()).toBe(before + 3);
});

test.each([{}, { operationName: 'Other' }])(
  'without a name that fits, nothing runs: %j',
  async (parameters) => {
    const before = await service.count();
    expect(await get({ query: TWO, ...parameters })).toMatchObject({
      status: 400,
      body: { errors: [{ message: expect.stringContaining('operationName') }] },
    });
    expect(await post({ query: TWO, ...parameters })).toMatchObject({
      status: 200,
      body: { errors: [{ message: expect.stringMatching(/operation/) }] },
    });
    expect(await service.count()).toBe(before);
  },
);

test('variables of a GET that are no JSON are refused', async () => {
  expect(await get({ query: '{ __typename }', variables: '{' })).toMatchObject({
    status: 400,
    body: { errors: [{ message: 'Expected `variables` to be JSON.' }] },
  });
});

test('the newer media type has 400 for what GraphQL refuses, the older one 200', async () => {
  const accept = 'application/graphql-response+json';
  expect(await post({ query: '{ nothing }' }, { accept })).toMatchObject({ status: 400 });
  expect(await post({ query: '{ nothing }' })).toMatchObject({ status: 200 });
});
