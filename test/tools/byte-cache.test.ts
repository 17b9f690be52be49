import { expect, test } from 'vitest';
import { atMost } from '../../src/tools/at-most.ts';
import { ByteCache } from '../../src/tools/byte-cache.ts';

const loader = () => {
  const loads: string[] = [];
  return {
    loads,
    load: (value: string, bytes: number) => async () => {
      loads.push(value);
      return { value, bytes };
    },
  };
};

test('a value is loaded once, also when two ask at a time', async () => {
  const { loads, load } = loader();
  const cache = new ByteCache<string>(1000);
  await Promise.all([cache.get('a', load('a', 10)), cache.get('a', load('a', 10))]);
  await cache.get('a', load('a', 10));
  expect(loads).toEqual(['a']);
});

test('the ones used longest ago make room', async () => {
  const { loads, load } = loader();
  const cache = new ByteCache<string>(1000);
  for (const key of ['a', 'b', 'c', 'd', 'a', 'e', 'a', 'b']) await cache.get(key, load(key, 240));
  expect(loads).toEqual(['a', 'b', 'c', 'd', 'e', 'b']);
});

test('what may change and what is too large is not kept', async () => {
  const { loads, load } = loader();
  const cache = new ByteCache<string>(1000);
  for (const bytes of [0, 251])
    for (let times = 0; times < 2; times++) await cache.get(`${bytes}`, load(`${bytes}`, bytes));
  expect(loads).toEqual(['0', '0', '251', '251']);
});

test('a failed load is tried again', async () => {
  const cache = new ByteCache<string>(1000);
  await expect(cache.get('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await cache.get('a', async () => ({ value: 'yes', bytes: 1 }))).toBe('yes');
});

test('no more calls run at a time than allowed, and a failed one makes room', async () => {
  const limited = atMost(3);
  let running = 0;
  let most = 0;
  const call = async (index: number): Promise<number> => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    if (index % 2 === 0) throw new Error('even');
    return index;
  };
  const ends = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) => limited(() => call(i))),
  );
  expect(most).toBe(3);
  expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
});
