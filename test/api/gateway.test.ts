import Fastify, { type FastifyInstance } from 'fastify';
import { createClient } from 'graphql-ws';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { gateway } from '../../src/api/gateway.ts';
import { FakeTasks } from '../../src/testing/fake-tasks.ts';
import { LIST_SHARES } from '../../src/api/schema/kit/list-shares.ts';
import { tasks, testGateway } from './support/app.ts';
import { connect } from './support/live-gateway.ts';
import { backgroundTasks } from '../../src/api/webiny/background-tasks.ts';
import { sessionOf } from '../../src/login/session.ts';

const open: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()));
});

const TRIGGER =
  'mutation { backgroundTasks { triggerTask(definition: testingRun) { data { createdBy { id } } } } }';

describe('who asks', () => {
  test('is anonymous by default', async () => {
    const { ask } = await testGateway();
    expect(await ask(TRIGGER)).toEqual({
      triggerTask: { data: { createdBy: { id: 'anonymous' } } },
    });
  });

  test('is what one function makes of the request', async () => {
    const { app } = await testGateway({
      authenticate: async ({ headers }) => sessionOf({ name: String(headers['x-user']) }),
    });
    const reply = await app.inject({
      method: 'POST',
      url: '/graphql',
      payload: { query: TRIGGER },
      headers: { 'x-user': 'ann' },
    });
    expect(reply.json()).toEqual({
      data: { backgroundTasks: { triggerTask: { data: { createdBy: { id: 'ann' } } } } },
    });
  });

  test('may be refused with a status, and nothing runs', async () => {
    const { post, service } = await testGateway({
      authenticate: () => {
        throw Object.assign(new Error('Sign in first'), { statusCode: 401 });
      },
    });
    expect(await post(TRIGGER)).toEqual({
      status: 401,
      body: { errors: [{ message: 'Sign in first', extensions: { code: 'BAD_REQUEST' } }] },
    });
    expect(service.calls.trigger).toBeUndefined();
  });

  test('a name that cannot be one is refused', async () => {
    const { post } = await testGateway({ authenticate: async () => sessionOf({ name: 'a: b' }) });
    expect(await post(TRIGGER)).toMatchObject({
      status: 400,
      body: { errors: [{ extensions: { code: 'INVALID_ARGUMENT' } }] },
    });
  });

  test('a failure to tell is masked', async () => {
    const { post } = await testGateway({
      authenticate: () => {
        throw new Error('cannot read /etc/keys');
      },
    });
    const { status, body } = await post(TRIGGER);
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('/etc/keys');
  });
});

describe('mounted into an application', () => {
  test('it has its prefix and leaves everything else alone', async () => {
    const app = Fastify();
    open.push(app);
    app.setErrorHandler((_error, _request, reply) => reply.code(418).send('mine'));
    app.get('/fails', async () => {
      throw new Error('No');
    });
    await app.register(gateway, {
      service: new FakeTasks({ tasks }),
      path: '/api',
      prefix: '/tasks',
    });
    const reply = await app.inject({ url: '/tasks/api', query: { query: '{ __typename }' } });
    expect(reply.json()).toEqual({ data: { __typename: 'Query' } });
    expect((await app.inject('/fails')).body).toBe('mine');
    expect(app).not.toHaveProperty('graphql');
    expect((await app.inject({ method: 'POST', url: '/graphql' })).statusCode).toBe(404);
  });

  test('has no vocabulary but ours unless it is named', async () => {
    const { post } = await testGateway({ extensions: [] });
    const { body } = await post('{ backgroundTasks { _empty } }');
    expect(body.errors[0].message).toContain('Cannot query field "backgroundTasks"');
    expect((await post('{ taskDefinitions { id } }')).body.data.taskDefinitions).toHaveLength(2);
  });

  test('sockets and server-sent events serve the same schema beside it', async () => {
    const app = Fastify();
    open.push(app);
    await app.register(gateway, {
      service: new FakeTasks({ tasks }),
      prefix: '/tasks',
      extensions: [backgroundTasks],
    });
    const address = await app.listen({ port: 0, host: '127.0.0.1' });
    const client = createClient({
      url: `${address.replace('http', 'ws')}/tasks/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
    const results = client.iterate({ query: TRIGGER });
    expect((await results.next()).value).toEqual({
      data: { backgroundTasks: { triggerTask: { data: { createdBy: { id: 'anonymous' } } } } },
    });
    await client.dispose();
    const reply = await fetch(`${address}/tasks/graphql/stream?query={__typename}`, {
      headers: { accept: 'text/event-stream' },
    });
    expect(await reply.text()).toContain('{"data":{"__typename":"Query"}}');
  });
});

describe('errors', () => {
  const QUERY = '{ taskDefinitions { id } taskRun(id: "x") { id } }';

  test('of ours are masked and can be found by the request', async () => {
    const lines: string[] = [];
    const { post, service } = await testGateway(
      {},
      { logger: { level: 'error', stream: { write: (line: string) => void lines.push(line) } } },
    );
    const cause = new Error('connect ECONNREFUSED 10.0.0.5:7233');
    service.break(new Error('read /srv/app/secret.ts', { cause }));
    const { status, body } = await post(QUERY);
    expect(status).toBe(200);
    expect(body.errors).toEqual([
      {
        message: 'Internal error',
        path: ['taskRun'],
        locations: expect.any(Array),
        extensions: { code: 'INTERNAL', requestId: expect.any(String) },
      },
    ]);
    const line = JSON.parse(lines.join(''));
    expect(line).toMatchObject({ reqId: body.errors[0].extensions.requestId });
    expect(line.err.stack).toContain('/srv/app/secret.ts');
    expect(line.err.stack).toContain('ECONNREFUSED');
  });

  test('no answer has a stack', async () => {
    const { app, post, service } = await testGateway();
    service.break(new TypeError('x is not a function'));
    const answers = [
      await post(QUERY),
      await post('{'),
      await post('{ nothing }'),
      await post('{ backgroundTasks { listTasks { error { stack message } } } }'),
      (await app.inject({ method: 'POST', url: '/graphql', payload: 'x' })).json(),
    ];
    expect(JSON.stringify(answers)).not.toMatch(/\bat .*:\d+|node_modules|x is not a function/);
  });

  test('of GraphQL stay as they are', async () => {
    const { post } = await testGateway();
    expect((await post('{ taskDefinitions { idd } }')).body.errors[0].message).toBe(
      'Cannot query field "idd" on type "TaskDefinition". Did you mean "id"?',
    );
  });
});

test('a subscription over HTTP says which transports there are', async () => {
  const { post } = await testGateway();
  expect(await post('subscription { taskRun(id: "x") { id } }')).toMatchObject({
    status: 400,
    body: { errors: [{ message: expect.stringContaining('WebSocket') }] },
  });
});

describe('what is told of the schema', () => {
  const WRONG = '{ taskDefinitions { idd } }';
  const WRONG_VALUE =
    'query ($orderBy: TaskRunOrder) { taskRuns(orderBy: $orderBy) { nodes { id } } }';
  const over = {
    http: async (app: FastifyInstance, query: string, variables?: object) => {
      const reply = await app.inject({
        method: 'POST',
        url: '/graphql',
        payload: { query, variables },
      });
      return reply.body;
    },
    stream: async (app: FastifyInstance, query: string, variables?: object) => {
      const reply = await app.inject({
        method: 'POST',
        url: '/graphql/stream',
        headers: { accept: 'text/event-stream' },
        payload: { query, variables },
      });
      return reply.body;
    },
  };

  test.each(Object.entries(over))('over %s: guesses can be switched off', async (_, ask) => {
    const open = await testGateway();
    const shut = await testGateway({ suggestions: false });
    for (const [query, variables] of [
      [WRONG],
      [WRONG_VALUE, { orderBy: 'NEWEST_FIRS' }],
    ] as const) {
      const told = await ask(open.app, query, variables);
      expect(told).toContain('Did you mean');
      const silent = await ask(shut.app, query, variables);
      expect(silent).not.toContain('Did you mean');
      expect(silent).toContain('BAD_REQUEST');
    }
  });

  test.each(Object.entries(over))('over %s: introspection can be switched off', async (_, ask) => {
    const SCHEMA = '{ __schema { queryType { name } } }';
    const open = await testGateway();
    expect(await ask(open.app, SCHEMA)).toContain('"name":"Query"');
    const { app } = await testGateway({ introspection: false });
    expect(await ask(app, SCHEMA)).not.toContain('"name":"Query"');
    expect(await ask(app, '{ __typename }')).toContain('{"data":{"__typename":"Query"}}');
  });
});

test('live lists are shared: a socket, and a caller over all its sockets, has so many', async () => {
  const { app, service } = await testGateway({
    authenticate: async ({ headers }) => sessionOf({ name: String(headers['x-user'] ?? 'ada') }),
  });
  open.push(app);
  await service.trigger({ definition: 'testingRun', input: {}, tags: ['shown'] });
  const ws = `${(await app.listen({ port: 0, host: '127.0.0.1' })).replace('http', 'ws')}/graphql`;
  const query =
    'subscription ($any: [String!]) { taskRuns(filter: { tags: { any: $any } }) { __typename } }';
  /** What comes for the last of so many different lists. */
  const lastOf = async (user: string, count: number, tag: string) => {
    const client = await connect(ws, { headers: { 'x-user': user } });
    for (let n = 1; n <= count; n++)
      client.send({
        type: 'subscribe',
        id: `${n}`,
        payload: { query, variables: { any: n === count ? ['shown', tag] : [`${tag} ${n}`] } },
      });
    for (;;) {
      const { id, payload } = await client.next();
      if (id === `${count}`) return payload.errors?.[0].message ?? payload.data.taskRuns.__typename;
    }
  };
  const { connection, caller } = LIST_SHARES;
  expect(await lastOf('ada', connection + 1, 'a')).toContain('This connection watches 10');
  for (let n = 1; n < caller / connection; n++)
    expect(await lastOf('ada', connection, `more ${n}`)).toBe('TaskRunEntered');
  expect(await lastOf('ada', 1, 'yet more')).toContain('This caller watches 30');
  expect(await lastOf('grace', 1, 'hers')).toBe('TaskRunEntered');
});
