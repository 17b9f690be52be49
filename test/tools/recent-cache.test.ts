import { expect, test } from 'vitest';
import { RecentCache } from '../../src/tools/recent-cache.ts';

function cacheOf(limit: number) {
  const loads: string[] = [];
  const cache = new RecentCache<string>({ limit, idle: 60_000, sizeOf: (value) => value.length });
  const get = (key: string, value = key, good?: (value: string) => boolean): Promise<string> =>
    cache.get(
      key,
      async () => {
        loads.push(key);
        return value;
      },
      good,
    );
  return { cache, get, loads };
}

test('a value is loaded once for all who ask at a time or later', async () => {
  const { get, loads } = cacheOf(10);
  await Promise.all([get('a'), get('a')]);
  await get('a');
  expect(loads).toEqual(['a']);
});

test('the ones used last stay within the limit', async () => {
  const { get, loads } = cacheOf(8);
  for (const key of ['aaa', 'bbb', 'aaa', 'ccc', 'aaa', 'bbb']) await get(key);
  expect(loads).toEqual(['aaa', 'bbb', 'ccc', 'bbb']);
});

test('the newest stays whatever its size', async () => {
  const { get, loads } = cacheOf(2);
  await get('large');
  await get('large');
  expect(loads).toEqual(['large']);
});

test('a value that is no longer good is loaded again', async () => {
  const { get } = cacheOf(10);
  expect(await get('a', 'old')).toBe('old');
  expect(await get('a', 'new', (value) => value === 'new')).toBe('new');
  expect(await get('a', 'newer')).toBe('new');
});

test('a failure is not kept', async () => {
  const { cache, get } = cacheOf(10);
  await expect(cache.get('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(await get('a')).toBe('a');
});
