import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FairBucket } from '../../src/tools/fair-bucket.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function spending(rate: number, patience = 1000) {
  const bucket = new FairBucket(rate);
  const used: string[] = [];
  return {
    bucket,
    used,
    /** How many of these are taken, now or later. */
    ask: (group: string, one: string, count: number): number => {
      let taken = 0;
      for (let n = 0; n < count; n++) {
        const turn = bucket.take({ group, one }, patience);
        if (!turn) continue;
        taken++;
        void Promise.resolve(turn).then(() => used.push(`${group} ${one}`));
      }
      return taken;
    },
    pass: (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds),
  };
}

test('a burst goes through, then one each turn, and whoever would wait too long is refused', async () => {
  const { ask, used, pass } = spending(8);
  expect(ask('a', '1', 100)).toBe(16);
  await pass(0);
  expect(used).toHaveLength(8);
  await pass(125);
  expect(used).toHaveLength(9);
  expect(ask('a', '1', 100)).toBe(1);
  await pass(60_000);
  expect(used).toHaveLength(17);
  expect(ask('a', '1', 8)).toBe(8);
});

test('groups take turns, however much one of them asks for', async () => {
  const { ask, used, pass } = spending(8);
  ask('noisy', '1', 100);
  await pass(0);
  used.length = 0;
  expect(ask('quiet', '1', 3)).toBe(3);
  await pass(750);
  expect(used).toEqual(['noisy 1', 'quiet 1', 'noisy 1', 'quiet 1', 'noisy 1', 'quiet 1']);
});

test('within a group its members do', async () => {
  const { ask, used, pass } = spending(8);
  ask('acme', 'noisy', 100);
  await pass(0);
  used.length = 0;
  ask('acme', 'quiet', 1);
  ask('beta', 'bob', 1);
  await pass(500);
  expect(used).toEqual(['acme noisy', 'beta bob', 'acme quiet', 'acme noisy']);
});

test('a group that waits for nothing is not kept out by many others', async () => {
  const { ask, used, pass } = spending(8);
  for (let n = 0; n < 20; n++) ask(`noisy ${n}`, '1', 100);
  expect(ask('quiet', '1', 1)).toBe(1);
  await pass(4000);
  expect(used).toContain('quiet 1');
});

test('the rate is kept whoever asks', async () => {
  const { ask, used, pass } = spending(8);
  for (let at = 0; at < 100; at++) {
    for (let n = 0; n < 5; n++) ask(`group ${n}`, '1', 10);
    await pass(100);
  }
  expect(used.length).toBeLessThanOrEqual(8 + 80);
  expect(used.length).toBeGreaterThan(80);
});
