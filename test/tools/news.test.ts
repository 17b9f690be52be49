import { expect, test } from 'vitest';
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
