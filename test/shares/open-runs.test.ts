import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TaskError } from '../../src/contract/task-error.ts';
import { OpenRuns } from '../../src/shares/open-runs.ts';

const NOW = Date.UTC(2026, 10, 24, 12);
/** Milliseconds that the index is behind. */
let lag: number;
/** When runs of everybody started, by Temporal's clock. */
let running: number[];
let counts: number;
let ahead: number;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: NOW });
  [lag, running, counts, ahead] = [500, [], 0, 0];
});
afterEach(() => {
  vi.useRealTimers();
});

const gateway = (): OpenRuns =>
  new OpenRuns(async (_, before) => {
    counts++;
    const now = Date.now() - ahead;
    return running.filter((at) => at < before && at <= now - lag).length;
  });
const room = { tenant: 'acme', limit: 5 };
/** Takes a while, as a start does. */
const start = async () => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  const createdAt = Date.now() - ahead;
  running.push(createdAt);
  return { createdAt: new Date(createdAt), deduplicated: false };
};
const fails = (code: 'INVALID_INPUT' | 'RESULT_UNKNOWN') => async (): Promise<never> => {
  throw new TaskError(code, 'No.');
};
/** How many of so many at once were started. */
async function started(runs: OpenRuns, asked: number, work = start): Promise<number> {
  const answers = Promise.allSettled(Array.from({ length: asked }, () => runs.start(room, work)));
  await vi.advanceTimersByTimeAsync(100);
  return (await answers).filter(({ status }) => status === 'fulfilled').length;
}

test('of many at once as many start as there is room for', async () => {
  expect(await started(gateway(), 20)).toBe(5);
  expect(counts).toBe(1);
});

test('the refusal says what to do', async () => {
  const runs = gateway();
  await started(runs, 5);
  await expect(runs.start(room, start)).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    message: expect.stringContaining('wait until some have ended, or abort some'),
    details: { limit: 'openRuns', retryAfter: 2 },
  });
});

test.each([
  ['an index that is at once', 0, 0],
  ['an index that lags', 1900, 0],
  ['a clock that is ahead', 500, 10_000],
  ['a clock that is behind', 500, -10_000],
])('there is never one too many, however long it goes on: %s', async (_, late, fast) => {
  [lag, ahead] = [late, fast];
  const runs = gateway();
  let all = 0;
  for (let n = 0; n < 300; n++) {
    all += await started(runs, 3);
    expect(running.length).toBeLessThanOrEqual(5);
    if (n % 17 === 0) running.shift();
  }
  // Each that ended made room for another one.
  expect(all).toBeGreaterThan(10);
});

test('runs that end make room within four seconds', async () => {
  const runs = gateway();
  await started(runs, 5);
  running = [];
  await vi.advanceTimersByTimeAsync(4000);
  expect(await started(runs, 20)).toBe(5);
});

test('two gateways start at most twice as many', async () => {
  const [one, other] = [gateway(), gateway()];
  await Promise.all([started(one, 20), started(other, 20)]);
  expect(running).toHaveLength(10);
  await vi.advanceTimersByTimeAsync(5000);
  expect(await started(one, 20)).toBe(0);
});

test('what was not started takes no place, and what may have been does', async () => {
  const runs = gateway();
  await started(runs, 10, fails('INVALID_INPUT'));
  await started(runs, 3, fails('RESULT_UNKNOWN'));
  await started(runs, 10, async () => ({ createdAt: new Date(), deduplicated: true }));
  expect(await started(runs, 20)).toBe(2);
});
