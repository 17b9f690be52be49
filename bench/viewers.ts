import { fork } from 'node:child_process';
import type { Serializable } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Stage } from './stage.ts';
import { alternate, median, print, ratio, spread } from './stats.ts';
import type { Row } from './stats.ts';
import type { FromViewers, ToViewers } from './viewers-client.ts';
import type { FromGateway, ToGateway } from './viewers-gateway.ts';

const PER_SECOND = 10;
const SECONDS = 10;
const MANY = 1000;
const ROUNDS = 3;
const STOPPED = 20;

/** One run's log at 10 lines a second, with 1, 100 and 1,000 viewers, beside ready frames over plain `ws`. */
export async function benchTail(stage: Stage): Promise<void> {
  const gateway = await startGateway(stage);
  const rows: Row[] = [];
  const rates: number[] = [];
  for (const viewers of [1, 100]) {
    const followed = await follow(stage, gateway, viewers);
    rates.push(followed.callRate);
    rows.push(toRow(viewers, followed));
  }
  const rounds: Followed[] = [];
  const { ours, plain } = await alternate(ROUNDS, {
    ours: async () => {
      const followed = await follow(stage, gateway, MANY);
      rounds.push(followed);
      return followed.cost;
    },
    // The first round is ours.
    plain: async () => await plainFanOut(gateway, bytesOf(rounds)),
  });
  rates.push(median(rounds.map(({ callRate }) => callRate)));
  const calls = Math.max(...rates) / Math.min(...rates);
  const factor = ratio(ours, plain);
  rows.push(
    ...rounds.slice(-1).map((followed) => toRow(MANY, followed)),
    {
      what: 'calls a second, most / least of the three',
      measured: calls.toFixed(2),
      target: '≤ 1.3',
      met: calls <= 1.3,
    },
    { what: 'CPU a delivery, ours', measured: each(ours) },
    { what: 'CPU a delivery, plain ws with one ready frame', measured: each(plain) },
    { what: 'ours / plain ws', measured: factor.toFixed(2), target: '≤ 2', met: factor <= 2 },
  );
  print(`Tail of one run at ${PER_SECOND} lines a second, ${SECONDS} s, median / p99`, rows);
  await gateway.end();
}

/** What an idle subscriber costs the gateway: the slope from 2,000 to 10,000 of them; then the same of plain sockets. */
export async function benchSubscribers(stage: Stage): Promise<void> {
  const { id } = await stage.idleService.trigger({ definition: 'oneCheckpoint', input: { n: 1 } });
  const slope = async (toUrl: (gateway: Gateway) => string, subscribe: string | null) => {
    const gateway = await startGateway(stage);
    const viewers = startViewers();
    const open = async (count: number): Promise<Use> => {
      await viewers.ask({ type: 'open', count, url: toUrl(gateway), subscribe });
      // Beyond the time that a client has for its first message.
      await sleep(12_000);
      return await gateway.hold();
    };
    const [few, many] = [await open(2000), await open(8000)];
    await Promise.all([viewers.end(), gateway.end()]);
    const perOne = (of: 'rss' | 'heap' | 'buffers') => (many[of] - few[of]) / 8000 / 1000;
    return { rss: perOne('rss'), heap: perOne('heap'), buffers: perOne('buffers') };
  };
  const ours = await slope(({ url }) => url, subscribeTo(id));
  const plain = await slope(({ plainUrl }) => plainUrl, null);
  const split = ({ heap, buffers }: typeof ours) => `${heap.toFixed(1)} + ${buffers.toFixed(1)} kB`;
  print('Idle subscribers, 2,000 to 10,000', [
    {
      what: 'memory (RSS) a subscriber',
      measured: `${ours.rss.toFixed(1)} kB`,
      target: '≤ 40 kB',
      met: ours.rss <= 40,
    },
    { what: 'of it heap + buffers', measured: split(ours) },
    { what: 'memory (RSS) a plain socket', measured: `${plain.rss.toFixed(1)} kB` },
    { what: 'of it heap + buffers', measured: split(plain) },
  ]);
}

/** What readers that stopped reading hold while a run says 20 MB: what is free when they go, beside one that reads. */
export async function benchSlowReader(stage: Stage): Promise<void> {
  const { id } = await stage.service.trigger({
    definition: 'flooding',
    input: { lines: 20_000, bytes: 1000 },
  });
  const gateway = await startGateway(stage);
  const [reading, stopped] = [startViewers(), startViewers()];
  const open = { type: 'open', url: gateway.url, subscribe: subscribeTo(id) } as const;
  await reading.ask({ ...open, count: 1 });
  await stopped.ask({ ...open, count: STOPPED });
  stopped.tell({ type: 'stall' });
  for await (const event of stage.service.tail(id)) if (event.type === 'END') break;
  await sleep(2000);
  const held = await gateway.hold();
  await stopped.end();
  await sleep(2000);
  const free = await gateway.hold();
  const { received } = await reading.report();
  const one = (held.heap + held.buffers - free.heap - free.buffers) / STOPPED / 2 ** 20;
  print(`${STOPPED} readers that stopped reading, 20 MB of log`, [
    {
      what: 'memory (heap and buffers) that one of them holds',
      measured: `${one.toFixed(2)} MiB`,
      target: '≤ 1 MiB',
      met: one <= 1,
    },
    { what: 'events that the one beside them got', measured: String(received) },
  ]);
  await reading.end();
  await gateway.end();
}

interface Followed {
  readonly report: Report;
  readonly callRate: number;
  /** Microseconds of the gateway's process for each delivery, its calls to Temporal included. */
  readonly cost: number;
}

async function follow(stage: Stage, gateway: Gateway, count: number): Promise<Followed> {
  const { id } = await stage.service.trigger({
    definition: 'dripping',
    input: { perSecond: PER_SECOND, seconds: SECONDS + 4 + count / 100 },
  });
  const viewers = startViewers();
  await viewers.ask({ type: 'open', count, url: gateway.url, subscribe: subscribeTo(id) });
  await sleep(2000);
  await viewers.report();
  const before = await gateway.use();
  await sleep(SECONDS * 1000);
  const after = await gateway.use();
  const report = await viewers.report();
  await viewers.end();
  return {
    report,
    callRate: (after.calls - before.calls) / SECONDS,
    cost: (after.cpu - before.cpu) / report.received,
  };
}

/** As many frames of the same length in the same bursts, each made once. Answers microseconds a delivery. */
async function plainFanOut(gateway: Gateway, bytes: number): Promise<number> {
  const viewers = startViewers();
  await viewers.ask({ type: 'open', count: MANY, url: gateway.plainUrl, subscribe: null });
  await sleep(1000);
  const before = await gateway.use();
  await gateway.ask({
    type: 'broadcast',
    bytes,
    burst: BURST,
    times: (PER_SECOND * SECONDS) / BURST,
    every: (1000 * BURST) / PER_SECOND,
  });
  const after = await gateway.use();
  const { received } = await viewers.report();
  await viewers.end();
  return (after.cpu - before.cpu) / received;
}

/** Lines that a watcher finds at once: it looks every 300 ms. */
const BURST = 3;

const bytesOf = (rounds: readonly Followed[]): number => {
  const reports = rounds.map(({ report }) => report);
  const sum = (of: 'bytes' | 'received') => reports.reduce((all, one) => all + one[of], 0);
  return Math.round(sum('bytes') / sum('received'));
};

const toRow = (viewers: number, { report, callRate }: Followed): Row => ({
  what: `${viewers} viewers: line to viewer; calls to Temporal a second`,
  measured: `${spread(report.ages)}; ${callRate.toFixed(1)}/s`,
});

const each = (costs: readonly number[]): string =>
  `${median(costs).toFixed(1)} µs (${Math.min(...costs).toFixed(1)} to ${Math.max(...costs).toFixed(1)})`;

type Report = Extract<FromViewers, { type: 'report' }>;
type Use = Extract<FromGateway, { type: 'use' }>;

interface Gateway {
  readonly url: string;
  readonly plainUrl: string;
  readonly ask: (message: ToGateway) => Promise<FromGateway>;
  readonly use: () => Promise<Use>;
  /** Of memory, without garbage. */
  readonly hold: () => Promise<Use>;
  readonly end: () => Promise<void>;
}

async function startGateway({ address }: Stage): Promise<Gateway> {
  const child = start<ToGateway, FromGateway>('viewers-gateway.ts', [address]);
  const { url, plainUrl } = (await child.next()) as Extract<FromGateway, { type: 'ready' }>;
  const use = async () => (await child.ask({ type: 'use' })) as Use;
  const hold = async () => {
    await child.ask({ type: 'collect' });
    return await use();
  };
  return { ...child, url, plainUrl, use, hold };
}

interface Viewers extends Child<ToViewers, FromViewers> {
  readonly report: () => Promise<Report>;
}

function startViewers(): Viewers {
  const child = start<ToViewers, FromViewers>('viewers-client.ts');
  const report = async () => (await child.ask({ type: 'report' })) as Report;
  return { ...child, report };
}

interface Child<To, From> {
  readonly next: () => Promise<From>;
  readonly tell: (message: To) => void;
  readonly ask: (message: To) => Promise<From>;
  readonly end: () => Promise<void>;
}

function start<To extends Serializable, From>(
  file: string,
  args: readonly string[] = [],
): Child<To, From> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), [...args], {
    execArgv: ['--import', 'tsx', '--expose-gc'],
  });
  const next = async (): Promise<From> => {
    const [answer] = (await once(child, 'message')) as [From];
    return answer;
  };
  const tell = (message: To): void => {
    child.send(message);
  };
  return {
    next,
    tell,
    async ask(message) {
      tell(message);
      return await next();
    },
    async end() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

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
