import { connect as connectTcp } from 'node:net';
import { createClient } from 'graphql-ws';
import type { Client } from 'graphql-ws';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { connect, eventually, openSocket, startLiveGateway } from '../support/live-gateway.ts';
import type { Tasks } from '../../../src/contract/tasks.ts';
import type { LiveGateway } from '../support/live-gateway.ts';
import type { SocketOptions } from '../../../src/api/transport/sockets.ts';
import { deferred } from '../../support/deferred.ts';
import { HeldBytes } from '../../../src/tools/held-bytes.ts';
import { gatewayOf } from '../schema/support.ts';

const gateways: LiveGateway[] = [];
const clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.dispose();
  await Promise.all(gateways.splice(0).map(({ app }) => app.close()));
});

async function start(options?: Parameters<typeof startLiveGateway>[0]): Promise<LiveGateway> {
  const gateway = await startLiveGateway(options);
  gateways.push(gateway);
  return gateway;
}
function clientOf(url: string, options: Partial<Parameters<typeof createClient>[0]> = {}): Client {
  const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, ...options });
  clients.push(client);
  return client;
}

/** A gateway that answers no question for a run until it is let. */
async function startHeld(sockets: Partial<SocketOptions> = {}) {
  const { tasks } = gatewayOf();
  const asked = deferred();
  const answered = deferred();
  let questions = 0;
  const service = new Proxy(tasks as Tasks, {
    get: (target, name) => {
      if (name === 'as') return () => service;
      const method: unknown = Reflect.get(target, name, target);
      if (name !== 'get') return typeof method === 'function' ? method.bind(target) : method;
      return async (id: string) => {
        questions++;
        asked.resolve();
        await answered.promise;
        return await target.get(id);
      };
    },
  });
  const { ws } = await start({ service, sockets });
  return {
    tasks,
    ws,
    asked: asked.promise,
    answer: answered.resolve,
    questions: () => questions,
  };
}

const subscribe = (id: string, query: string, variables?: object) => ({
  type: 'subscribe',
  id,
  payload: { query, variables },
});
const RUN = 'subscription ($id: ID!) { taskRun(id: $id) { status output progress { percent } } }';
const LOG =
  'subscription ($id: ID!, $after: String) { taskRunLog(id: $id, after: $after) { ... on LogLine { cursor message } ... on LogEnd { status dropped cursor } } }';

describe('the protocol', () => {
  test.each([
    ['not JSON', 'nope', 4400],
    ['JSON that is no object', '[]', 4400],
    ['a number', '7', 4400],
    ['null', 'null', 4400],
    ['an unknown type', { type: 'hello' }, 4400],
    ['no type', {}, 4400],
    [
      'a subscription without id',
      { type: 'subscribe', payload: { query: '{ __typename }' } },
      4400,
    ],
    ['a query that is no text', subscribe('1', 7 as never), 4400],
    [
      'variables that are no map',
      { type: 'subscribe', id: '1', payload: { query: '{ __typename }', variables: 'x' } },
      4400,
    ],
    ['a result, which only servers send', { type: 'next', id: '1', payload: { data: {} } }, 4400],
    ['an error', { type: 'error', id: '1', payload: [{ message: 'No' }] }, 4400],
    ['an acknowledgement', { type: 'connection_ack' }, 4400],
    ['an id beyond 256 characters', subscribe('x'.repeat(257), '{ __typename }'), 4400],
    ['a second init', { type: 'connection_init' }, 4429],
  ])('%s closes with its code, and is no error of ours', async (_, message, code) => {
    const { ws, errors } = await start();
    const client = await connect(ws);
    client.send(message);
    client.send(message);
    expect((await client.closed).code).toBe(code);
    expect(errors).toEqual([]);
  });

  test('a subscription before the init closes with 4401', async () => {
    const { ws } = await start();
    const client = await openSocket(ws);
    client.send(subscribe('1', '{ __typename }'));
    expect((await client.closed).code).toBe(4401);
  });

  test('a caller that is refused closes with 4403', async () => {
    const { ws } = await start();
    const client = await openSocket(ws, { headers: { 'x-actor': 'nobody' } });
    client.send({ type: 'connection_init' });
    expect((await client.closed).code).toBe(4403);
  });

  test('no init in time closes with 4408', async () => {
    const { ws } = await start({ sockets: { limits: { init: 50 } } });
    expect((await (await openSocket(ws)).closed).code).toBe(4408);
  });

  test('another sub-protocol closes with 4406', async () => {
    const { ws } = await start();
    expect((await (await openSocket(ws, { protocol: '' })).closed).code).toBe(4406);
  });

  test.each(['1', 'x'.repeat(256)])(
    'an id that is in use closes with 4409, and ends what it ran',
    async (name) => {
      const { ws, trigger, viewers } = await start();
      const id = await trigger();
      const client = await connect(ws);
      client.send(subscribe(name, RUN, { id }));
      await client.next();
      client.send(subscribe(name, RUN, { id }));
      expect((await client.closed).code).toBe(4409);
      await eventually(() => viewers() === 0);
    },
  );

  test('a message that is too large closes with 1009', async () => {
    const { ws } = await start({ sockets: { limits: { message: 1000 } } });
    const client = await connect(ws);
    client.send(subscribe('1', `{ __typename } # ${'x'.repeat(1000)}`));
    expect((await client.closed).code).toBe(1009);
  });

  test('a ping is answered, also before the init', async () => {
    const { ws } = await start();
    const client = await openSocket(ws);
    client.send({ type: 'ping', payload: { a: 1 } });
    expect(await client.next()).toEqual({ type: 'pong', payload: { a: 1 } });
  });

  test('queries and changes work too', async () => {
    const { ws } = await start();
    const client = await connect(ws);
    client.send(
      subscribe('1', 'mutation { triggerCopyFiles(input: { folder: "a" }) { __typename } }'),
    );
    expect(await client.next()).toEqual({
      type: 'next',
      id: '1',
      payload: { data: { triggerCopyFiles: { __typename: 'TaskRunTriggered' } } },
    });
    expect(await client.next()).toEqual({ type: 'complete', id: '1' });
  });
});

describe('what must not run', () => {
  test.each([
    ['an unknown field', 'subscription { taskRun(id: "a") { nope } }', 'BAD_REQUEST'],
    [
      'two root fields',
      'subscription { a: taskRun(id: "a") { id } b: taskRun(id: "b") { id } }',
      'BAD_REQUEST',
    ],
    ['a syntax error', 'subscription {', 'BAD_REQUEST'],
    [
      'two operations without a name',
      'query A { __typename } query B { __typename }',
      'BAD_REQUEST',
    ],
    [
      'an alias bomb',
      `{ ${Array.from({ length: 200 }, (_, n) => `a${n}: __typename`).join(' ')} }`,
      'LIMIT_EXCEEDED',
    ],
    [
      'a depth bomb',
      `{ taskRun(id: "a") { ${'parent { '.repeat(40)} id ${'} '.repeat(40)} } }`,
      'LIMIT_EXCEEDED',
    ],
    ['a text that is a syntax tree', '{"kind":"Document","definitions":[]}', 'BAD_REQUEST'],
    ['a text that is too long', `{ __typename } # ${'x'.repeat(200_000)}`, 'LIMIT_EXCEEDED'],
  ])('%s is an error of its operation, and the socket stays', async (_, query, code) => {
    const { ws } = await start();
    const client = await connect(ws);
    client.send(subscribe('1', query));
    const { type, id, payload } = await client.next();
    expect({ type, id, code: payload[0].extensions?.code }).toEqual({
      type: 'error',
      id: '1',
      code,
    });
    client.send(subscribe('1', '{ __typename }'));
    expect((await client.next()).payload).toEqual({ data: { __typename: 'Query' } });
  });

  test('more operations at once than a socket may run are refused one by one', async () => {
    const { ws, trigger } = await start({ sockets: { limits: { operations: 2 } } });
    const id = await trigger();
    const client = await connect(ws);
    for (const name of ['1', '2']) {
      client.send(subscribe(name, RUN, { id }));
      expect((await client.next()).type).toBe('next');
    }
    client.send(subscribe('3', RUN, { id }));
    expect(await client.next()).toMatchObject({
      type: 'error',
      id: '3',
      payload: [{ extensions: { code: 'LIMIT_EXCEEDED' } }],
    });
    client.send({ type: 'complete', id: '1' });
    client.send(subscribe('4', RUN, { id }));
    expect(await client.next()).toMatchObject({ type: 'next', id: '4' });
  });
});

describe('an error', () => {
  test('that a caller can act on has its code', async () => {
    const { ws } = await start();
    const client = await connect(ws);
    client.send(subscribe('1', RUN, { id: 'nobody' }));
    expect(await client.next()).toMatchObject({
      type: 'error',
      id: '1',
      payload: [{ extensions: { code: 'TASK_RUN_NOT_FOUND' } }],
    });
  });

  test('of ours is masked, on a query and in the middle of a subscription', async () => {
    const { ws, tasks, trigger } = await start();
    const id = await trigger();
    const client = await connect(ws);
    client.send(
      subscribe(
        '1',
        'subscription { taskRuns { ... on TaskRunEntered { run { diagnosis { code } } } } }',
      ),
    );
    expect((await client.next()).payload.errors).toBeUndefined();
    tasks.break(new Error('connect ECONNREFUSED 10.0.0.5:7233 at /srv/app.js'));
    client.send(subscribe('2', `{ taskRun(id: "${id}") { id } }`));
    const { payload } = await client.next();
    expect(payload.errors[0].message).toBe('Internal error');
    expect(JSON.stringify(payload)).not.toMatch(/ECONNREFUSED|srv/);
    tasks.mend();
  });
});

describe('who may connect', () => {
  test.each([
    [undefined, undefined, true],
    ['same', undefined, true],
    ['same', ['https://app.example'], true],
    ['https://evil.example', undefined, false],
    ['null', undefined, false],
    ['https://app.example', ['https://app.example'], true],
    ['https://app.example.evil.example', ['https://app.example'], false],
    ['https://evil.example', 'any' as const, true],
  ])('a page of %s, when %s may: %s', async (origin, origins, welcome) => {
    const { ws, port } = await start({ sockets: { origins } });
    const headers: Record<string, string> =
      origin === undefined
        ? {}
        : { origin: origin === 'same' ? `http://127.0.0.1:${port}` : origin };
    const opened = connect(ws, { headers });
    if (welcome) await expect(opened).resolves.toBeDefined();
    else await expect(opened).rejects.toThrow('403');
  });

  test('nothing that comes over a socket says who asks', async () => {
    const { ws, tasks } = await start();
    const client = await openSocket(ws, { headers: { 'x-actor': 'grace' } });
    client.send({
      type: 'connection_init',
      payload: { headers: { 'x-actor': 'root' }, 'x-actor': 'root' },
    });
    await client.next();
    client.send(
      subscribe('1', 'mutation { triggerCopyFiles(input: { folder: "a" }) { __typename } }'),
    );
    await client.next();
    expect((await tasks.list()).runs.map(({ triggeredBy }) => triggeredBy)).toEqual(['grace']);
  });

  test('sockets beyond the limit are refused, until one is closed', async () => {
    const { ws } = await start({ sockets: { limits: { sockets: 1 } } });
    const first = await connect(ws);
    await expect(connect(ws)).rejects.toThrow('503');
    first.socket.close();
    await first.closed;
    const again = async (): Promise<boolean> =>
      await connect(ws).then(
        () => true,
        () => false,
      );
    let welcome = false;
    while (!welcome) welcome = await again();
    expect(welcome).toBe(true);
  });

  test('another path has no sockets', async () => {
    const { ws } = await start();
    await expect(connect(`${ws}/other`)).rejects.toThrow('404');
  });
});

describe('a run that is followed', () => {
  test('is shown now, at each change and at its end, which completes', async () => {
    const { ws, tasks, trigger } = await start();
    const id = await trigger();
    const seen = clientOf(ws).iterate<{
      taskRun: { status: string; output: unknown; progress: unknown };
    }>({ query: RUN, variables: { id } });
    const next = async () => (await seen.next()).value?.data?.taskRun;
    expect(await next()).toMatchObject({ status: 'RUNNING', output: null });
    tasks.progress(id, { done: 1, total: 2 });
    expect(await next()).toMatchObject({ progress: { percent: 50 } });
    tasks.succeed(id, { files: 1 });
    expect(await next()).toMatchObject({ status: 'SUCCEEDED', output: { files: 1 } });
    expect((await seen.next()).done).toBe(true);
  });

  test('shows its log: what was there, what comes, the end', async () => {
    const { ws, tasks, trigger } = await start();
    const id = await trigger();
    tasks.log(id, { message: 'one' });
    const seen: string[] = [];
    const ended = (async () => {
      for await (const { data } of clientOf(ws).iterate<{
        taskRunLog: { message?: string; status?: string };
      }>({ query: LOG, variables: { id } }))
        seen.push(data?.taskRunLog.message ?? `END ${data?.taskRunLog.status}`);
    })();
    await eventually(() => seen.includes('one'));
    tasks.log(id, { message: 'two' });
    await eventually(() => seen.includes('two'));
    tasks.fail(id, new Error('no'));
    await ended;
    expect(seen.at(-1)).toBe('END FAILED');
    expect(seen.indexOf('one')).toBeLessThan(seen.indexOf('two'));
  });

  test('goes on from a cursor, on another gateway, with nothing lost and nothing twice', async () => {
    const first = await start();
    const { tasks, trigger } = first;
    const id = await trigger();
    for (let n = 0; n < 20; n++) tasks.log(id, { message: `line ${n}` });
    const seen: string[] = [];
    let after: string | undefined;
    const client = await connect(first.ws);
    client.send(subscribe('1', LOG, { id }));
    while (seen.filter((message) => message.startsWith('line')).length < 7) {
      const { taskRunLog } = (await client.next()).payload.data;
      seen.push(taskRunLog.message);
      after = taskRunLog.cursor;
    }
    client.socket.terminate();
    const second = await start({ tasks });
    tasks.succeed(id);
    for await (const { data } of clientOf(second.ws).iterate<{ taskRunLog: { message?: string } }>({
      query: LOG,
      variables: { id, after },
    }))
      if (data?.taskRunLog.message !== undefined) seen.push(data.taskRunLog.message);
    expect(seen.filter((message) => message.startsWith('line'))).toEqual(
      Array.from({ length: 20 }, (_, n) => `line ${n}`),
    );
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('in a live list enters, changes and leaves', async () => {
    const { ws, tasks, trigger } = await start();
    const id = await trigger();
    const client = await connect(ws);
    client.send(
      subscribe(
        '1',
        'subscription { taskRuns(filter: { status: { in: [RUNNING, ABORTING] } }) { __typename ... on TaskRunEntered { run { id status } } ... on TaskRunChanged { run { id status } } ... on TaskRunLeft { id } } }',
      ),
    );
    const next = async () => (await client.next()).payload.data.taskRuns;
    expect(await next()).toEqual({ __typename: 'TaskRunEntered', run: { id, status: 'RUNNING' } });
    await tasks.abort({ id });
    expect(await next()).toEqual({ __typename: 'TaskRunChanged', run: { id, status: 'ABORTING' } });
    tasks.stop(id);
    expect(await next()).toEqual({ __typename: 'TaskRunLeft', id });
  });
});

describe('a client that leaves', () => {
  test.each(['complete', 'close', 'terminate'] as const)(
    'by %s ends what was made for it',
    async (way) => {
      const { ws, viewers, trigger } = await start();
      const id = await trigger();
      const client = await connect(ws);
      client.send(subscribe('1', LOG, { id }));
      await client.next();
      expect(viewers()).toBe(1);
      if (way === 'complete') client.send({ type: 'complete', id: '1' });
      else client.socket[way]();
      await eventually(() => viewers() === 0);
    },
  );
});

describe('an id that is used again at once', () => {
  const LIST = 'subscription { taskRuns { __typename } }';

  test('is of the operation that uses it now, and nothing of the other stays', async () => {
    const { ws, viewers } = await start();
    const client = await connect(ws);
    client.send(subscribe('a', LIST));
    client.send({ type: 'complete', id: 'a' });
    client.send(subscribe('a', '{ __typename }'));
    expect(await client.next()).toEqual({
      type: 'next',
      id: 'a',
      payload: { data: { __typename: 'Query' } },
    });
    expect(await client.next()).toEqual({ type: 'complete', id: 'a' });
    await eventually(() => viewers() === 0);
  });

  test.each(['complete', 'close', 'terminate'] as const)(
    'still ends when its client leaves by %s',
    async (way) => {
      const { ws, viewers, trigger } = await start();
      await trigger();
      const client = await connect(ws);
      for (let n = 0; n < 5; n++) {
        client.send(subscribe('a', LIST));
        client.send({ type: 'complete', id: 'a' });
      }
      client.send(subscribe('a', LIST));
      expect(await client.next()).toMatchObject({ type: 'next', id: 'a' });
      await eventually(() => viewers() === 1);
      if (way === 'complete') client.send({ type: 'complete', id: 'a' });
      else client.socket[way]();
      await eventually(() => viewers() === 0);
    },
  );

  test('never gets the answer of the other', async () => {
    const { tasks, ws, answer, asked } = await startHeld();
    const { id } = await tasks.trigger({
      definition: 'copyFiles',
      input: { folder: 'a' } as never,
    });
    const client = await connect(ws);
    client.send(subscribe('a', `{ taskRun(id: "${id}") { id } }`));
    await asked;
    client.send({ type: 'complete', id: 'a' });
    client.send(subscribe('a', 'subscription { taskRuns { __typename } }'));
    const { payload } = await client.next();
    expect(payload.data).toEqual({ taskRuns: { __typename: 'TaskRunEntered' } });
    answer();
    client.send(subscribe('b', '{ __typename }'));
    expect(await client.next()).toMatchObject({ type: 'next', id: 'b' });
  });
});

test('operations that were left count until they have ended', async () => {
  const { ws, answer, questions } = await startHeld({ limits: { operations: 2 } });
  const client = await connect(ws);
  for (let n = 0; n < 100; n++) {
    client.send(subscribe(`${n}`, '{ taskRun(id: "a") { id } }'));
    client.send({ type: 'complete', id: `${n}` });
  }
  client.send({ type: 'ping' });
  while ((await client.next()).type !== 'pong');
  expect(questions()).toBeLessThanOrEqual(4);
  answer();
});

describe('a shutdown', () => {
  test('tells clients to come back, which they do', async () => {
    const first = await start();
    const { tasks, trigger, port } = first;
    const id = await trigger();
    const codes: number[] = [];
    let connected = 0;
    const client = clientOf(first.ws, {
      retryAttempts: 500,
      shouldRetry: () => true,
      retryWait: async () =>
        await new Promise((resolve) => {
          setTimeout(resolve, 20);
        }),
      on: {
        connected: () => connected++,
        closed: (event) => codes.push((event as { code: number }).code),
      },
    });
    const seen = client.iterate<{ taskRun: { status: string } }>({ query: RUN, variables: { id } });
    await seen.next();
    await first.app.close();
    await start({ tasks, port });
    expect((await seen.next()).value?.data?.taskRun.status).toBe('RUNNING');
    expect({ code: codes[0], connected }).toEqual({ code: 1012, connected: 2 });
  });

  test('does not wait for clients that do not answer', async () => {
    const { app, port } = await start();
    const deaf = connectTcp(port, '127.0.0.1');
    deaf.write(
      'GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
    );
    await new Promise((resolve) => deaf.once('data', resolve));
    const before = Date.now();
    await app.close();
    expect(Date.now() - before).toBeLessThan(5000);
    deaf.destroy();
  });
});

/** A log without end, of lines of 8 KiB. */
function endless() {
  const tasks = gatewayOf().tasks;
  let made = 0;
  const line = {
    step: null,
    attempt: null,
    iteration: 1,
    source: 'run',
    time: new Date(0),
    level: 'INFO',
    message: 'x'.repeat(8192),
    data: null,
    dropped: 0,
  } as const;
  const service = new Proxy(tasks as Tasks, {
    get: (target, name) =>
      name === 'as'
        ? () => service
        : name === 'tail'
          ? async function* () {
              for (;;) {
                await new Promise(setImmediate);
                yield { type: 'LINE', line: { ...line, n: ++made }, cursor: String(made) };
              }
            }
          : (Reflect.get(target, name, target) as unknown),
  });
  return { service, made: () => made };
}

describe('a client that does not read', () => {
  test('is not written to without end, and hurts nobody else', async () => {
    const { service, made } = endless();
    const { ws } = await start({ service });
    const stopped = await connect(ws);
    stopped.socket.pause();
    for (let n = 0; n < 8; n++) stopped.send(subscribe(`${n}`, LOG, { id: 'a' }));
    let before = -1;
    // What the two sockets of the operating system hold is some megabytes; then it stands still.
    while (made() !== before) {
      before = made();
      await new Promise((resolve) => {
        setTimeout(resolve, 300);
      });
    }
    const other = await connect(ws);
    other.send(subscribe('1', '{ __typename }'));
    expect((await other.next()).type).toBe('next');
    expect(made()).toBe(before);
    expect(before * 8192).toBeLessThan(32 * 1024 * 1024);
  });

  test('for long is told to come back with its cursor', async () => {
    const { service } = endless();
    const { ws, viewers } = await start({ service, sockets: { limits: { stall: 1000 } } });
    const stopped = await connect(ws);
    stopped.socket.pause();
    stopped.send(subscribe('1', LOG, { id: 'a' }));
    await eventually(() => viewers() === 1);
    await new Promise((resolve) => {
      setTimeout(resolve, 4000);
    });
    stopped.socket.resume();
    expect(await stopped.closed).toEqual({
      code: 1013,
      reason: 'Read too slowly: subscribe again from your last cursor',
    });
    await eventually(() => viewers() === 0);
  });
});

test('a client that gives no sign of life is let go', async () => {
  const { ws } = await start({ sockets: { limits: { keepAlive: 500 } } });
  const client = await openSocket(ws);
  const lively = await connect(ws);
  // The library answers pings by itself: this one has to be stopped from it.
  client.socket.pong = () => undefined;
  expect((await client.closed).code).toBe(1006);
  lively.send(subscribe('1', '{ __typename }'));
  expect((await lively.next()).type).toBe('next');
});

test('variables that subscriptions keep are bounded for the process, and given back with them', async () => {
  const held = new HeldBytes(3_000_000, 0);
  const gateway = await start({ sockets: { held }, held });
  const client = await connect(gateway.ws);
  const id = await gateway.trigger();
  const subscribe = (name: string): void =>
    client.send({
      id: name,
      type: 'subscribe',
      payload: {
        query: 'subscription ($id: ID!) { taskRun(id: $id) { id } }',
        variables: { id, more: 'x'.repeat(900_000) },
      },
    });
  for (const name of ['a', 'b', 'c']) {
    subscribe(name);
    expect(await client.next()).toMatchObject({ id: name, type: 'next' });
  }
  subscribe('d');
  expect(await client.next()).toMatchObject({
    id: 'd',
    type: 'error',
    payload: [{ extensions: { code: 'RATE_LIMITED', retryAfter: 1 } }],
  });
  client.send({ id: 'a', type: 'complete' });
  await eventually(() => held.held < 2_000_000);
  subscribe('e');
  expect(await client.next()).toMatchObject({ id: 'e', type: 'next' });
  client.socket.close();
  await eventually(() => held.held === 0);
});
