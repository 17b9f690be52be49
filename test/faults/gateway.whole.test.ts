import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { WebSocket } from 'ws';
import { TaskService } from '../../src/service/task-service.ts';
import { connect, openSocket } from '../api/support/live-gateway.ts';
import type { RawSocket } from '../api/support/live-gateway.ts';
import { lossyProxy } from '../support/lossy-proxy.ts';
import { readToEnd } from '../support/run-log.ts';
import * as tasks from '../support/tasks/workflows.ts';
import { eventually, startWorker } from '../support/whole.ts';
import type { WholeTest } from '../support/whole.ts';
import { expectWholeLogs, follow, LOG, LogClient, spawnGateway, timed } from './log-client.ts';

let whole: WholeTest;
let service: TaskService<typeof tasks>;

beforeAll(async () => {
  whole = await startWorker();
  service = new TaskService({ client: whole.client, tasks, taskQueue: whole.taskQueue });
});
afterAll(async () => {
  await service.close();
  await whole.stop();
});

const saying = async (lines: number, rate: number): Promise<string> =>
  (await service.trigger({ definition: 'sayLines', input: { lines, rate } })).id;

test('200 viewers of a gateway that is killed go on at another: nothing lost, nothing twice', async () => {
  const [first, second] = await Promise.all([spawnGateway(), spawnGateway()]);
  const ids = await Promise.all([0, 1, 2].map(() => saying(100, 8)));
  const viewers = Array.from({ length: 200 }, (_, n) => new LogClient(ids[n % ids.length] ?? ''));
  // As many on a socket as it may have, or nearly.
  const groups = Array.from({ length: 8 }, (_, n) => viewers.slice(n * 25, (n + 1) * 25));

  const broken = groups.map(async (group) => await follow(await connect(first.ws), group));
  await eventually(() => expect(viewers.filter(({ lines }) => lines.length < 20)).toEqual([]));
  first.program.signal('SIGKILL');
  expect(await Promise.all(broken)).toEqual(groups.map(() => 1006));
  expect(viewers.filter(({ end }) => end !== undefined)).toEqual([]);

  const again = await Promise.all(groups.map(() => connect(second.ws)));
  for (const [n, client] of again.entries()) void follow(client, groups[n] ?? []);
  await eventually(() => expect(viewers.filter(({ end }) => end !== 'SUCCEEDED')).toEqual([]), {
    within: 60_000,
  });
  for (const { socket } of again) socket.terminate();
  await expectWholeLogs(service, viewers, 100);
});

test('a gateway that is told to stop answers what was asked, and its viewers come back to another', async () => {
  const proxy = await lossyProxy(inject('temporal').address);
  const [first, second] = await Promise.all([spawnGateway(proxy.address), spawnGateway()]);
  const viewer = new LogClient(await saying(100, 15));
  const urls = [first.ws, second.ws];
  const codes: number[] = [];
  const client = createClient({
    // As a load balancer does it: the one that stops is not asked again.
    url: () => urls.shift() ?? second.ws,
    webSocketImpl: WebSocket,
    retryAttempts: 5,
    on: { closed: (event) => codes.push((event as { code: number }).code) },
  });
  const payload = {
    query: LOG,
    // Asked for each time that the client subscribes: it goes on from where it was.
    get variables() {
      return viewer.variables;
    },
  };
  const followed = new Promise<void>((resolve, reject) => {
    client.subscribe<{ taskRunLog: Parameters<LogClient['take']>[0] }>(payload, {
      next: ({ data }) => data && viewer.take(data.taskRunLog),
      error: reject,
      complete: resolve,
    });
  });
  await eventually(() => expect(viewer.lines.length).toBeGreaterThan(10));

  // One that never sends the rest of its request holds up nobody.
  const half = connectTcp(Number(new URL(first.http).port), '127.0.0.1');
  half
    .on('error', () => {})
    .write('POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{');
  proxy.delayReplies(1500);
  const before = proxy.received;
  const asked = timed(first.http, `{ taskRun(id: "${viewer.id}") { id status } }`);
  await eventually(() => expect(proxy.received).toBeGreaterThan(before));
  first.program.signal('SIGTERM');
  await eventually(() => expect(first.program.output).toContain('SIGTERM: ending'));
  await eventually(() => expect(codes).toEqual([1012]));
  const ready = await fetch(`${first.http}/readyz`).then(
    ({ status }) => status,
    () => 'refused',
  );
  expect([503, 'refused']).toContain(ready);
  expect((await asked).answer).toEqual({
    data: { taskRun: { id: viewer.id, status: 'RUNNING' } },
  });
  expect(await first.program.exited()).toBe(0);
  await followed;
  await expectWholeLogs(service, [viewer], 100);
  await client.dispose();
  await proxy.close();
});

const subscribe = (id: string, query: string, variables: object = {}) => ({
  type: 'subscribe',
  id,
  payload: { query, variables },
});
const tcpOf = ({ socket }: RawSocket): Socket => (socket as unknown as { _socket: Socket })._socket;
/** Frames as a client must not send them; all but the first are masked with zeros. */
const FRAMES: readonly (readonly [string, number, readonly number[]])[] = [
  ['without a mask', 1002, [0x81, 0x02, 0x7b, 0x7d]],
  ['of a kind that does not exist', 1002, [0x83, 0x80, 0, 0, 0, 0]],
  ['with a bit that means nothing', 1002, [0xc1, 0x80, 0, 0, 0, 0]],
  ['that is no UTF-8', 1007, [0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]],
  ['that goes on with nothing', 1002, [0x80, 0x80, 0, 0, 0, 0]],
  ['of 8 exabytes', 1009, [0x81, 0xff, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ['larger than may be', 1009, [0x81, 0xff, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0]],
];

describe('clients that misbehave', () => {
  test('each get their answer, and nobody else notices', async () => {
    const { http, ws, program } = await spawnGateway();
    const viewer = new LogClient(await saying(150, 15));
    const good = await connect(ws);
    void follow(good, [viewer]);
    const { id } = await service.trigger({ definition: 'walkSteps', input: { steps: 1 } });
    const { end } = await readToEnd(service, id);

    for (const [name, code, bytes] of FRAMES) {
      const client = await connect(ws);
      tcpOf(client).write(Buffer.from(bytes));
      expect({ name, ...(await client.closed) }).toMatchObject({ name, code });
    }

    const early = await openSocket(ws);
    early.send(subscribe('1', '{ __typename }'));
    expect((await early.closed).code).toBe(4401);

    const crowded = await connect(ws);
    for (let n = 0; n < 32; n++)
      crowded.send(subscribe(`${n}`, LOG, { id: viewer.id, after: undefined }));
    crowded.send(subscribe('the 33rd', LOG, { id: viewer.id }));
    let refused = await crowded.next();
    while (refused.type === 'next') refused = await crowded.next();
    expect(refused).toMatchObject({
      type: 'error',
      id: 'the 33rd',
      payload: [{ extensions: { code: 'LIMIT_EXCEEDED' } }],
    });
    crowded.send(subscribe('0', LOG, { id: viewer.id }));
    expect((await crowded.closed).code).toBe(4409);

    const curious = await connect(ws);
    const deep = `{ taskRun(id: "a") { ${'parent { '.repeat(500)} id ${'} '.repeat(500)} } }`;
    const wide = `{ ${Array.from({ length: 600 }, (_, n) => `a${n}: __typename`).join(' ')} }`;
    for (const [query, variables, code] of [
      [LOG, { id: viewer.id, after: end.cursor }, 'INVALID_CURSOR'],
      [LOG, { id: viewer.id, after: 'made up' }, 'INVALID_CURSOR'],
      [LOG, { id: 'nobody' }, 'TASK_RUN_NOT_FOUND'],
      [deep, {}, 'LIMIT_EXCEEDED'],
      [wide, {}, 'LIMIT_EXCEEDED'],
    ] as const) {
      curious.send(subscribe('1', query, variables));
      expect(await curious.next()).toMatchObject({
        type: 'error',
        id: '1',
        payload: [{ extensions: { code } }],
      });
    }
    // Asks for much, and is gone before any of it comes.
    for (let n = 0; n < 500; n++) curious.send(subscribe(`${n}`, '{ taskDefinitions { id } }'));
    curious.socket.terminate();

    await eventually(() => expect(viewer.end).toBe('SUCCEEDED'));
    await expectWholeLogs(service, [viewer], 150);
    expect((await fetch(`${http}/healthz`)).status).toBe(200);
    expect(program.output).not.toContain('Internal error');
    good.socket.terminate();
  });
});
