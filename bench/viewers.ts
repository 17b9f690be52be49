import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WebSocket, WebSocketServer } from 'ws';
import type { Stage } from './stage.ts';
import { print, spread } from './stats.ts';
import type { Row } from './stats.ts';
import type { FromViewers, ToViewers } from './viewers-client.ts';

const PER_SECOND = 10;
const SECONDS = 10;
const MANY = 1000;

/** One run's log at 10 lines a second, with 1, 100 and 1,000 viewers; then the same frames over plain `ws`. */
export async function benchTail(stage: Stage): Promise<void> {
  const rows: Row[] = [];
  const rates: number[] = [];
  let alone = 0;
  let ours = 0;
  for (const viewers of [1, 100, MANY]) {
    const { report, callRate, cpu } = await follow(stage, viewers);
    rates.push(callRate);
    if (viewers === 1) alone = cpu;
    if (viewers === MANY) ours = (cpu - alone) / report.received;
    rows.push({
      what: `${viewers} viewers: line to viewer; calls to Temporal a second`,
      measured: `${spread(report.ages)}; ${callRate.toFixed(1)}/s`,
    });
  }
  const calls = Math.max(...rates) / Math.min(...rates);
  const plain = await plainFanOut();
  rows.push(
    {
      what: 'calls a second, most / least of the three',
      measured: calls.toFixed(2),
      target: '≤ 1.3',
      met: calls <= 1.3,
    },
    { what: 'CPU a delivery, ours', measured: `${ours.toFixed(0)} µs` },
    { what: 'CPU a delivery, plain ws with one ready frame', measured: `${plain.toFixed(0)} µs` },
    {
      what: 'ours / plain ws',
      measured: (ours / plain).toFixed(2),
      target: '≤ 2',
      met: ours / plain <= 2,
    },
  );
  print(`Tail of one run at ${PER_SECOND} lines a second, ${SECONDS} s, median / p99`, rows);
}

/** What an idle subscriber costs the gateway: the slope from 2,000 to 10,000 of them. */
export async function benchSubscribers(stage: Stage): Promise<void> {
  const { id } = await stage.idleService.trigger({ definition: 'oneCheckpoint', input: { n: 1 } });
  const viewers = startViewers();
  const open = async (count: number): Promise<number> => {
    await viewers.ask({ type: 'open', count, url: socketUrl(stage), subscribe: subscribeTo(id) });
    await sleep(3000);
    globalThis.gc?.();
    return process.memoryUsage().rss;
  };
  const [few, many] = [await open(2000), await open(8000)];
  const each = (many - few) / 8000 / 1000;
  print('Idle subscribers, 2,000 to 10,000', [
    {
      what: 'memory (RSS) a subscriber',
      measured: `${each.toFixed(1)} kB`,
      target: '≤ 40 kB',
      met: each <= 40,
    },
  ]);
  await viewers.end();
}

/** What a reader that stopped reading costs while a run says 20 MB. */
export async function benchSlowReader(stage: Stage): Promise<void> {
  const { id } = await stage.service.trigger({
    definition: 'flooding',
    input: { lines: 20_000, bytes: 1000 },
  });
  const viewers = startViewers();
  await viewers.ask({ type: 'open', count: 1, url: socketUrl(stage), subscribe: subscribeTo(id) });
  globalThis.gc?.();
  const before = process.memoryUsage();
  viewers.tell({ type: 'stall' });
  for await (const event of stage.service.tail(id)) if (event.type === 'END') break;
  await sleep(1000);
  globalThis.gc?.();
  const after = process.memoryUsage();
  const held = (after.external + after.arrayBuffers + after.heapUsed) / 1e6;
  const was = (before.external + before.arrayBuffers + before.heapUsed) / 1e6;
  print('A reader that stopped reading, 20 MB of log', [
    {
      what: 'memory (heap and buffers) held for it and for the run',
      measured: `${(held - was).toFixed(1)} MB`,
    },
  ]);
  await viewers.end();
}

interface Followed {
  readonly report: Extract<FromViewers, { type: 'report' }>;
  readonly callRate: number;
  /** Microseconds of this process: gateway, service and worker. */
  readonly cpu: number;
}

async function follow(stage: Stage, count: number): Promise<Followed> {
  const { id } = await stage.service.trigger({
    definition: 'dripping',
    input: { perSecond: PER_SECOND, seconds: SECONDS + 4 + count / 100 },
  });
  const viewers = startViewers();
  await viewers.ask({ type: 'open', count, url: socketUrl(stage), subscribe: subscribeTo(id) });
  await sleep(2000);
  await viewers.ask({ type: 'report' });
  const before = process.cpuUsage();
  const { made } = await stage.calls.during(() => sleep(SECONDS * 1000));
  const { user, system } = process.cpuUsage(before);
  const report = (await viewers.ask({ type: 'report' })) as Followed['report'];
  await viewers.end();
  const calls = Object.values(made).reduce((sum, one) => sum + one, 0);
  return { report, callRate: calls / SECONDS, cpu: user + system };
}

/** The same frame as ours would be, made once and sent to all. Answers microseconds a delivery. */
async function plainFanOut(): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const viewers = startViewers();
  await viewers.ask({
    type: 'open',
    count: MANY,
    url: `ws://127.0.0.1:${port}`,
    subscribe: null,
  });
  await sleep(1000);
  const before = process.cpuUsage();
  for (let n = 0; n < PER_SECOND * SECONDS; n++) {
    const frame = Buffer.from(
      `{"id":"1","type":"next","payload":{"data":{"taskRunLog":{"message":"line ${n}","data":{"at":${Date.now()}},"cursor":"${'x'.repeat(100)}"}}}}`,
    );
    for (const socket of server.clients)
      if (socket.readyState === WebSocket.OPEN) socket.send(frame, { binary: false });
    await sleep(1000 / PER_SECOND);
  }
  const { user, system } = process.cpuUsage(before);
  const { received } = (await viewers.ask({ type: 'report' })) as Followed['report'];
  await viewers.end();
  server.close();
  return (user + system) / received;
}

interface Viewers {
  readonly tell: (message: ToViewers) => void;
  readonly ask: (message: ToViewers) => Promise<FromViewers>;
  readonly end: () => Promise<void>;
}

function startViewers(): Viewers {
  const child: ChildProcess = fork(fileURLToPath(new URL('viewers-client.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
  });
  const tell = (message: ToViewers): void => {
    child.send(message);
  };
  const ask = async (message: ToViewers): Promise<FromViewers> => {
    tell(message);
    const [answer] = (await once(child, 'message')) as [FromViewers];
    return answer;
  };
  return {
    tell,
    ask,
    async end() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

const socketUrl = ({ url }: Stage): string => `${url.replace('http', 'ws')}/graphql`;

const subscribeTo = (id: string): string =>
  JSON.stringify({
    id: '1',
    type: 'subscribe',
    payload: {
      query:
        'subscription ($id: ID!) { taskRunLog(id: $id) { ... on LogLine { message data cursor } } }',
      variables: { id },
    },
  });
