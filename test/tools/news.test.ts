import { expect, test, vi } from 'vitest';
import { News } from '../../src/tools/news.ts';

const never = new AbortController().signal;

test('whoever is level waits for what is published next', async () => {
  const news = new News();
  const waiting = news.newer(0, never);
  news.publish();
  await waiting;
  expect(news.version).toBe(1);
});

test('whoever is behind does not wait', () => {
  const news = new News();
  news.publish();
  expect(news.newer(0, never)).toBeUndefined();
});

test('a signal ends its own waits, and those of nobody else', async () => {
  const news = new News();
  const stop = new AbortController();
  const other = news.newer(0, never);
  const stopped = news.newer(0, stop.signal);
  stop.abort();
  await stopped;
  expect(news.newer(0, stop.signal)).toBeUndefined();
  news.publish();
  await other;
});

test('a wait of a limited time is over at once for whoever is behind, and with the next news for who is level', async () => {
  const news = new News();
  news.publish();
  expect(await news.within(1_000_000, 0)).toBe(1);
  const level = news.within(1_000_000, 1);
  expect(await Promise.race([level, Promise.resolve('waiting')])).toBe('waiting');
  news.publish();
  expect(await level).toBe(2);
});

test('a wait of a limited time ends without news', async () => {
  vi.useFakeTimers();
  try {
    const news = new News();
    const waiting = news.within(1000, 0);
    await vi.advanceTimersByTimeAsync(999);
    expect(await Promise.race([waiting, Promise.resolve('waiting')])).toBe('waiting');
    await vi.advanceTimersByTimeAsync(1);
    expect(await waiting).toBe(0);
    expect(await news.within(0, 0)).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
