import { once } from 'node:events';
import { connect } from 'node:net';
import { createClient } from 'graphql-sse';
import { afterEach, describe, expect, test } from 'vitest';
import { createHeld } from '../../../src/api/schema/kit/context.ts';
import { eventually, startLiveGateway } from '../support/live-gateway.ts';
import type { LiveGateway } from '../support/live-gateway.ts';

const gateways: LiveGateway[] = [];
afterEach(async () => {
  await Promise.all(gateways.splice(0).map(({ app }) => app.close()));
});
async function start(options?: Parameters<typeof startLiveGateway>[0]): Promise<LiveGateway> {
  const gateway = await startLiveGateway(options);
  gateways.push(gateway);
  return gateway;
}

const RUN = 'subscription ($id: ID!) { taskRun(id: $id) { status } }';
const LOG =
  'subscription ($id: ID!) { taskRunLog(id: $id) { ... on LogLine { message } ... on LogEnd { status } } }';
const post = async (
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> =>
  await fetch(url, {
    method: 'POST',
    headers: { accept: 'text/event-stream', 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

describe('a stream', () => {
  test('shows each change of a run and completes after its end', async () => {
    const { sse, tasks, trigger } = await start();
    const id = await trigger();
    const client = createClient({ url: sse, retryAttempts: 0 });
    const seen = client.iterate<{ taskRun: { status: string } }>({ query: RUN, variables: { id } });
    expect((await seen.next()).value?.data?.taskRun.status).toBe('RUNNING');
    tasks.succeed(id);
    expect((await seen.next()).value?.data?.taskRun.status).toBe('SUCCEEDED');
    expect((await seen.next()).done).toBe(true);
  });

  test('answers queries and changes', async () => {
    const { sse } = await start();
    const client = createClient({ url: sse, retryAttempts: 0 });
    const seen = client.iterate({
      query: 'mutation { triggerCopyFiles(input: { folder: "a" }) { __typename } }',
    });
    expect((await seen.next()).value?.data).toEqual({
      triggerCopyFiles: { __typename: 'TaskRunTriggered' },
    });
    expect((await seen.next()).done).toBe(true);
  });

  test('can be asked for by GET', async () => {
    const { sse, tasks, trigger } = await start();
    const id = await trigger();
    tasks.succeed(id);
    const url = `${sse}?${new URLSearchParams({ query: RUN, variables: JSON.stringify({ id }) }).toString()}`;
    const response = await fetch(url, { headers: { accept: 'text/event-stream' } });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await response.text()).toBe(
      ':\n\nevent: next\ndata: {"data":{"taskRun":{"status":"SUCCEEDED"}}}\n\nevent: complete\ndata:\n\n',
    );
  });

  test.each([
    ['an unknown field', { query: 'subscription { taskRun(id: "a") { nope } }' }, 'BAD_REQUEST'],
    [
      'an alias bomb',
      { query: `{ ${Array.from({ length: 200 }, (_, n) => `a${n}: __typename`).join(' ')} }` },
      'LIMIT_EXCEEDED',
    ],
    ['a run that is not there', { query: RUN, variables: { id: 'nobody' } }, 'TASK_RUN_NOT_FOUND'],
  ])('of %s is the error, and the end', async (_, request, code) => {
    const { sse } = await start();
    const text = await (await post(sse, request)).text();
    const [, data = ''] = /event: next\ndata: (.*)\n/.exec(text) ?? [];
    expect(
      (JSON.parse(data) as { errors: { extensions?: { code?: string } }[] }).errors[0]?.extensions
        ?.code,
    ).toBe(code);
    expect(text).toMatch(/event: complete\ndata:\n\n$/);
  });

  test('masks errors of ours', async () => {
    const { sse, tasks, trigger } = await start();
    const id = await trigger();
    tasks.break(new Error('connect ECONNREFUSED 10.0.0.5 at /srv/app.js'));
    const text = await (await post(sse, { query: `{ taskRun(id: "${id}") { id } }` })).text();
    expect(text).toContain('Internal error');
    expect(text).not.toMatch(/ECONNREFUSED|srv/);
    tasks.mend();
  });

  test('keeps proxies from closing it while nothing happens', async () => {
    const { sse, trigger } = await start({ sse: { limits: { keepAlive: 20 } } });
    const id = await trigger();
    const response = await post(sse, { query: RUN, variables: { id } });
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += new TextDecoder().decode(chunk as Uint8Array);
      if (text.endsWith(':\n\n:\n\n')) break;
    }
    expect(text).toContain('event: next');
  });

  test('that its client leaves ends what was made for it', async () => {
    const { sse, viewers, trigger } = await start();
    const id = await trigger();
    const stop = new AbortController();
    const response = await fetch(sse, {
      method: 'POST',
      signal: stop.signal,
      headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
      body: JSON.stringify({ query: LOG, variables: { id } }),
    });
    expect(response.status).toBe(200);
    await eventually(() => viewers() === 1);
    stop.abort();
    await eventually(() => viewers() === 0);
  });

  test('that nobody reads is cut, and gives back what it held', async () => {
    const held = createHeld();
    const { sse, port, tasks, trigger, viewers } = await start({
      held,
      sse: { held, limits: { stall: 300 } },
    });
    const id = await trigger();
    // More than what the operating systems of both ends take.
    for (let i = 0; i < 4000; i++) tasks.log(id, { message: 'x'.repeat(8000) });
    const client = connect(port, '127.0.0.1').pause();
    await once(client, 'connect');
    const query = `query=${encodeURIComponent(LOG)}&variables=${encodeURIComponent(JSON.stringify({ id }))}`;
    const { pathname, host } = new URL(sse);
    client.write(
      `GET ${pathname}?${query} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`,
    );
    await eventually(() => held.held > 0);
    expect(viewers()).toBe(1);
    await eventually(() => viewers() === 0);
    expect(held.held).toBe(0);
    client.destroy();
  });

  test('ends without `complete` at a shutdown, so that its client comes back', async () => {
    const { sse, app, trigger, viewers } = await start();
    const id = await trigger();
    const response = await post(sse, { query: RUN, variables: { id } });
    await eventually(() => viewers() === 1);
    const rest = response.text().then(
      (text) => text,
      () => 'broken',
    );
    await app.close();
    expect(await rest).toBe('broken');
    expect(viewers()).toBe(0);
  });
});

describe('a request that asks for no operation', () => {
  test.each([
    ['a list', [], 400],
    ['a number', '7', 400],
    ['null', 'null', 400],
    ['no JSON', '{', 400],
    ['no query', {}, 400],
    ['a query that is no text', { query: 7 }, 400],
    ['variables that are no map', { query: RUN, variables: [] }, 400],
    ['a name that is no text', { query: RUN, operationName: 7 }, 400],
  ])('but %s is refused', async (_, body, status) => {
    const { sse } = await start();
    expect((await post(sse, body)).status).toBe(status);
  });

  test('in another form is refused', async () => {
    const { sse } = await start();
    expect((await post(sse, { query: RUN }, { accept: 'application/json' })).status).toBe(406);
    expect(
      (await post(sse, 'query=x', { 'content-type': 'application/x-www-form-urlencoded' })).status,
    ).toBe(415);
    expect((await post(sse, '{ __typename }', { 'content-type': 'text/plain' })).status).toBe(400);
  });

  test('is refused when a GET would change something', async () => {
    const { sse, tasks } = await start();
    const query = 'mutation { triggerCopyFiles(input: { folder: "a" }) { __typename } }';
    const response = await fetch(`${sse}?query=${encodeURIComponent(query)}`, {
      headers: { accept: 'text/event-stream' },
    });
    expect({ status: response.status, runs: await tasks.count() }).toEqual({
      status: 405,
      runs: 0,
    });
  });

  test('is refused to a caller who may not ask', async () => {
    const { sse } = await start();
    expect((await post(sse, { query: RUN }, { 'x-actor': 'nobody' })).status).toBe(403);
  });

  test('is refused beyond the limit of streams', async () => {
    const { sse, trigger } = await start({ sse: { limits: { streams: 1 } } });
    const id = await trigger();
    const first = await post(sse, { query: RUN, variables: { id } });
    const second = await post(sse, { query: RUN, variables: { id } });
    expect({ status: second.status, after: second.headers.get('retry-after') }).toEqual({
      status: 503,
      after: '5',
    });
    await first.body?.cancel();
  });
});
