// What is followed goes on over connections that break, gateways that stop, and tokens that expire.
import { describe, expect, test } from 'vitest';
import type { Session } from '../../../src/login/session.ts';
import { sessionOf } from '../../../src/login/session.ts';
import { TasksClient } from '../src/page.ts';
import { eventStreams } from '../src/wire/event-transport.ts';
import { eventually } from '../../../test/support/whole.ts';
import {
  atEnd,
  begunRun,
  clientOf,
  collect,
  cuttable,
  fakeTasks,
  nobody,
  serve,
} from './support.ts';
import type { Client, Fake } from './support.ts';

const LINES = 3000;

/** Says lines for as long as they are read; resolves to what was read. */
async function readWhile(
  service: Fake,
  client: Client,
  id: string,
  each: (count: number) => unknown,
): Promise<readonly string[]> {
  const said: string[] = [];
  let made = 0;
  const more = (): void => {
    for (let end = Math.min(made + 50, LINES); made < end; made++)
      service.log(id, { message: `line ${made}` });
    if (made === LINES) service.succeed(id);
  };
  more();
  for await (const event of client.tail(id)) {
    if (event.type === 'END') break;
    if (event.line.step === null && !event.line.message.startsWith('line')) continue;
    said.push(event.line.message);
    if (said.length === made && made < LINES) more();
    await each(said.length);
  }
  return said;
}
const all = Array.from({ length: LINES }, (_, index) => `line ${index}`);

describe.each(['socket', 'events'] as const)('by %s', (transport) => {
  test('a log over connections that are cut has each line once, in order', async () => {
    const service = fakeTasks();
    const id = await begunRun(service);
    const between = await cuttable((await serve(service)).address);
    const client = clientOf(between.address, { transport });
    let cuts = 0;
    const said = await readWhile(service, client, id, (count) => {
      if (count % 250 !== 100) return;
      between.cut();
      cuts++;
    });
    expect(said).toEqual(all);
    expect(cuts).toBe(12);
    expect(between.made()).toBeGreaterThan(cuts);
  });

  test('a log over gateways that stop and start has each line once, in order', async () => {
    const service = fakeTasks();
    const id = await begunRun(service);
    let gateway = await serve(service);
    const client = clientOf(gateway.address, { transport });
    const { port } = new URL(gateway.address);
    let starts = 0;
    const said = await readWhile(service, client, id, async (count) => {
      if (count % 1000 !== 500) return;
      await gateway.stop();
      gateway = await serve(service, { port: Number(port) });
      starts++;
    });
    expect(said).toEqual(all);
    expect(starts).toBe(3);
  });

  test('a log goes on with a new token when the last one has expired', async () => {
    const service = fakeTasks();
    const id = await begunRun(service);
    const expire = new Set<() => void>();
    const shown: string[] = [];
    const { address } = await serve(service, {
      authenticate: async ({ authorization: [token = ''] }): Promise<Session> => {
        shown.push(token);
        if (token === 'Bearer stale') throw Object.assign(new Error('No'), { statusCode: 401 });
        return {
          ...sessionOf({ name: 'ann' }),
          watch: (ended) => {
            const end = (): void => ended('expired');
            expire.add(end);
            return () => expire.delete(end);
          },
        };
      },
    });
    const asked: boolean[] = [];
    const client = clientOf(address, {
      transport,
      token: ({ refused }) => {
        asked.push(refused);
        return asked.length === 1 || refused ? `fresh ${asked.length}` : 'stale';
      },
    });
    const said = await readWhile(service, client, id, (count) => {
      if (count === 500 || count === 1500) for (const end of Array.from(expire)) end();
    });
    expect(said).toEqual(all);
    expect(asked.filter(Boolean).length).toBeGreaterThanOrEqual(2);
    expect(shown).not.toHaveLength(1);
  });

  test('a credential that is not taken is an error, and asked for twice at most', async () => {
    const service = fakeTasks();
    const id = await begunRun(service);
    const { address } = await serve(service, {
      authenticate: () => Promise.reject(Object.assign(new Error('No'), { statusCode: 401 })),
    });
    let asked = 0;
    const client = clientOf(address, { transport, token: () => `${asked++}` });
    await expect(client.tail(id).next()).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(asked).toBe(2);
    await expect(client.get(id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const fixed = clientOf(address, { transport, token: 'one' });
    await expect(fixed.watch(id).next()).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  test('a watch shows the end of a run that ended while nobody could see it', async () => {
    const service = fakeTasks();
    const id = await begunRun(service);
    const gateway = await serve(service);
    const client = clientOf(gateway.address, { transport });
    const result = client.result(id);
    const watch = client.watch(id);
    expect(await watch.next()).toMatchObject({ value: { status: 'RUNNING' } });
    await gateway.stop();
    service.succeed(id, { pages: 3 });
    await serve(service, { port: Number(new URL(gateway.address).port) });
    expect((await collect(watch)).at(-1)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await result).toEqual({ pages: 3 });
  });

  test('a list tells of what entered, changed and left while it was cut off', async () => {
    const service = fakeTasks();
    const [left, stays] = [await begunRun(service), await begunRun(service)];
    const gateway = await serve(service);
    const client = clientOf(gateway.address, { transport });
    const list = client.watchList({ status: ['RUNNING'] });
    const seen = [await list.next(), await list.next()];
    expect(seen.map(({ value }) => value?.type)).toEqual(['ENTERED', 'ENTERED']);
    await gateway.stop();
    service.succeed(left);
    const entered = await begunRun(service);
    await serve(service, { port: Number(new URL(gateway.address).port) });
    const told = new Map<string, string>();
    while (told.size < 3) {
      const { value } = await list.next();
      told.set(value?.type === 'LEFT' ? value.id : value?.run.id, value?.type ?? '');
    }
    expect(Object.fromEntries(told)).toEqual({
      [left]: 'LEFT',
      [stays]: 'CHANGED',
      [entered]: 'ENTERED',
    });
    await list.return?.();
  });

  test('a list that has become empty meanwhile says so', async () => {
    const service = fakeTasks();
    const id = await begunRun(service);
    const gateway = await serve(service);
    const client = clientOf(gateway.address, { transport });
    const list = client.watchList({ status: ['RUNNING'] });
    await list.next();
    await gateway.stop();
    service.succeed(id);
    await serve(service, { port: Number(new URL(gateway.address).port) });
    expect(await list.next()).toEqual({ done: false, value: { type: 'LEFT', id } });
    await list.return?.();
  });

  test('says how it reaches the gateway', async () => {
    const service = fakeTasks();
    const id = await begunRun(service);
    const gateway = await serve(service);
    const client = clientOf(gateway.address, { transport });
    const states: string[] = [];
    const stop = client.onConnection(({ state }) => {
      if (states.at(-1) !== state) states.push(state);
    });
    expect(client.connection).toEqual({ state: 'idle' });
    const watch = client.watch(id);
    await watch.next();
    await gateway.stop();
    const next = watch.next();
    await eventually(() => expect(client.connection.state).toBe('waiting'));
    expect(client.connection).toMatchObject({ retryAt: expect.any(Date) });
    await serve(service, { port: Number(new URL(gateway.address).port) });
    await next;
    expect(client.connection.state).toBe('live');
    await watch.return?.();
    await eventually(() => expect(client.connection.state).toBe('idle'));
    stop();
    expect(states).toEqual(['connecting', 'live', 'waiting', 'live', 'idle']);
  });

  test('gives up when its patience is over, and ends when the client is closed', async () => {
    const address = await nobody();
    const client = clientOf(address, { transport, patience: 0.3 });
    await expect(client.watch('some').next()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const patient = clientOf(address, { transport });
    const next = patient.watch('some').next();
    patient.close();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  test('a reader that is behind gets every line all the same', async () => {
    const service = fakeTasks();
    const id = await begunRun(service);
    for (let index = 0; index < LINES; index++) service.log(id, { message: `line ${index}` });
    service.succeed(id);
    const client = clientOf((await serve(service)).address, { transport });
    const said: string[] = [];
    for await (const event of client.tail(id)) {
      if (event.type === 'LINE' && event.line.message.startsWith('line'))
        said.push(event.line.message);
      // Long enough for all to come that may.
      if (said.length === 10) await new Promise((resolve) => setTimeout(resolve, 500));
    }
    expect(said).toEqual(all);
  });
});

test('all that is followed shares one socket, which closes when nothing is', async () => {
  const service = fakeTasks();
  const ids = [await begunRun(service), await begunRun(service), await begunRun(service)];
  const between = await cuttable((await serve(service)).address);
  const client = clientOf(between.address);
  const watches = ids.map((id) => client.watch(id));
  await Promise.all(watches.map((watch) => watch.next()));
  expect(between.made()).toBe(1);
  for (const watch of watches) await watch.return?.();
  const again = client.tail(ids[0] ?? '');
  await again.next();
  expect(between.made()).toBe(1);
  atEnd(() => again.return?.());
});

test('more than one socket carries are followed all the same', async () => {
  const service = fakeTasks();
  const id = await begunRun(service);
  const between = await cuttable((await serve(service)).address);
  const client = clientOf(between.address);
  const watches = Array.from({ length: 40 }, () => client.watch(id));
  const first = await Promise.all(watches.map((watch) => watch.next()));
  expect(first.filter(({ done }) => done !== true)).toHaveLength(40);
  expect(between.made()).toBe(2);
});

test('a page has event streams when it is given them', async () => {
  const service = fakeTasks();
  const id = await begunRun(service);
  const { address } = await serve(service);
  const options = { url: `${address}/graphql`, transport: 'events' } as const;
  await expect(new TasksClient(options).watch(id).next()).rejects.toThrow('@waymark/client/events');
  const client = new TasksClient({ ...options, events: eventStreams });
  expect(await client.watch(id).next()).toMatchObject({ value: { id } });
  client.close();
});
