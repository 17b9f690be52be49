import type { AddressInfo } from 'node:net';
import { createClient as overSockets } from 'graphql-ws';
import { createClient as overSse } from 'graphql-sse';
import { afterAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { LIMITS } from '../../src/contract/limits.ts';
import { measure } from '../../src/api/schema/kit/measure.ts';
import { FakeTasks } from '../../src/testing/fake-tasks.ts';
import { deferred } from '../support/deferred.ts';
import { tasks, testGateway } from './support/app.ts';

const MiB = 1024 * 1024;
const { app, service, post } = await testGateway({}, { forceCloseConnections: true });
afterAll(async () => app.close());
for (let i = 0; i < 20; i++) {
  const text = 'x'.repeat(1_000_000);
  await service.trigger({ definition: 'testingRun', input: { text } });
}
const aliased = (count: number, field: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `a${index}: ${field(index)}`).join(' ');

/** The answer as it was sent. */
const sent = async (query: string, variables?: object): Promise<string> => {
  const { body } = await app.inject({
    method: 'POST',
    url: '/graphql',
    payload: { query, variables },
  });
  return body;
};

describe('the bytes of an answer', () => {
  test('are bounded, and what is beyond them is refused field by field', async () => {
    const answer = await sent(
      `{ ${aliased(20, () => 'taskRuns(first: 20) { nodes { id input } }')} }`,
    );
    expect(answer.length).toBeLessThan(LIMITS.operation.answer + MiB);
    const { data, errors } = JSON.parse(answer);
    const nodes = Object.values<any>(data).flatMap((one) => one.nodes);
    expect(nodes).toHaveLength(400);
    expect(nodes.filter(({ input }) => input !== null)).toHaveLength(8);
    expect(errors).toHaveLength(LIMITS.operation.errors);
    expect(errors[0]).toMatchObject({
      message: expect.stringContaining('ask for fewer of such fields'),
      path: ['a0', 'nodes', 8, 'input'],
      extensions: { code: 'LIMIT_EXCEEDED' },
    });
  });

  test('are refused by the same path over every transport', async () => {
    const query = '{ taskRuns(first: 9) { nodes { input } } }';
    await app.listen({ port: 0, host: '127.0.0.1' });
    const at = `127.0.0.1:${(app.server.address() as AddressInfo).port}/graphql`;
    const sse = overSse({ url: `http://${at}/stream` });
    const sockets = overSockets({ url: `ws://${at}`, webSocketImpl: WebSocket });
    const answers = [
      JSON.parse(await sent(query)),
      (await sse.iterate({ query }).next()).value,
      (await sockets.iterate({ query }).next()).value,
    ];
    for (const { errors } of answers)
      expect(errors).toMatchObject([{ path: ['taskRuns', 'nodes', 8, 'input'] }]);
    sse.dispose();
    await sockets.dispose();
  });

  test('hold the escapes that JSON needs', async () => {
    await service.trigger({
      definition: 'testingRun',
      input: '\u0001'.repeat(300_000),
      tags: ['escaped'],
    });
    const query = `{ ${aliased(10, () => 'taskRuns(filter: { tags: { all: ["escaped"] } }) { nodes { input } }')} }`;
    expect((await sent(query)).length).toBeLessThan(LIMITS.operation.answer + MiB);
  });

  test('count the names of fields', async () => {
    const name = 'n'.repeat(100);
    const { body } = await post(`{ taskRuns { nodes { ${name}n: id } } }`);
    expect(body.errors[0].extensions.code).toBe('LIMIT_EXCEEDED');
    expect((await post(`{ taskRuns { nodes { ${name}: id } } }`)).body.errors).toBeUndefined();
  });

  test('are those of one operation: the next one has its own', async () => {
    const { body } = await post('{ taskRuns(first: 5) { nodes { input } } }');
    expect(body.errors).toBeUndefined();
  });
});

describe('calls', () => {
  test('for the same log are made once, whatever their number', async () => {
    const before = service.calls.logs ?? 0;
    const { body } = await post(
      `{ taskRuns(first: 20) { nodes { ${aliased(28, () => 'log(first: 5) { cursor }')} } } }`,
    );
    expect(body.errors).toBeUndefined();
    expect((service.calls.logs ?? 0) - before).toBe(20);
  });

  test('are bounded for an operation', async () => {
    for (let i = 0; i < 30; i++) await service.trigger({ definition: 'testingRun', input: i });
    const before = service.calls.logs ?? 0;
    const { body } = await post(
      `{ taskRuns(first: 50) { nodes { ${aliased(28, (index) => `log(first: ${index + 1}) { cursor }`)} } } }`,
    );
    const made = (service.calls.logs ?? 0) - before;
    expect(made).toBeGreaterThan(LIMITS.operation.calls - 20);
    expect(made).toBeLessThanOrEqual(LIMITS.operation.calls + 10);
    expect(body.errors[0]).toMatchObject({
      message: expect.stringContaining(`one may ${LIMITS.operation.calls} times`),
      extensions: { code: 'LIMIT_EXCEEDED' },
    });
    expect(body.data.taskRuns.nodes[0].a0).not.toBeNull();
  });
});

describe('a process that holds all it may', () => {
  test('takes small requests, and no large ones until it holds less', async () => {
    const release = deferred();
    const slow = new FakeTasks({ tasks });
    const as = slow.as.bind(slow);
    slow.as = (caller) => Object.assign(as(caller), { count: () => release.promise.then(() => 0) });
    const busy = await testGateway({ service: slow });
    // In memory far more than their text.
    const large = { where: Array.from({ length: 300_000 }, () => []) };
    const asked = '{ __typename }';
    const size = measure(large).memory;
    const most = Math.floor(LIMITS.held.all / size);
    const holding = Array.from({ length: most }, () =>
      busy.post('{ taskRunCounts { total } }', large),
    );
    await expect.poll(async () => (await busy.post(asked, large)).status).toBe(503);
    const refused = await busy.post(asked, large);
    expect(refused.body.errors).toMatchObject([
      { extensions: { code: 'RATE_LIMITED', retryAfter: 1 } },
    ]);
    expect((await busy.post('{ __typename }')).status).toBe(200);
    release.resolve();
    for (const { status } of await Promise.all(holding)) expect(status).toBe(200);
    expect((await busy.post(asked, large)).status).toBe(200);
  });
});
