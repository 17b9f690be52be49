import { expect, test, vi } from 'vitest';
import { Kept } from '../../src/tools/kept.ts';

const loader = () => {
  const loads: string[] = [];
  return {
    loads,
    load: (value: string) => async () => {
      loads.push(value);
      return value;
    },
  };
};

const isNew = (value: string): boolean => value === 'new';

test('a value is loaded once, also when two ask at a time', async () => {
  const { loads, load } = loader();
  const kept = new Kept<string>({});
  await Promise.all([kept.load('a', load('a')), kept.load('a', load('a'))]);
  expect(await kept.load('a', load('a'))).toBe('a');
  expect(loads).toEqual(['a']);
});

test('the ones used longest ago make room, by number and by size', async () => {
  for (const kept of [
    new Kept<string>({ most: 4 }),
    new Kept<string>({ bytes: 1000, sizeOf: () => 240 }),
  ]) {
    const { loads, load } = loader();
    for (const key of ['a', 'b', 'c', 'd', 'a', 'e', 'a', 'b']) await kept.load(key, load(key));
    expect(loads).toEqual(['a', 'b', 'c', 'd', 'e', 'b']);
  }
});

test('what is too large is for those alone who ask at a time', async () => {
  const { loads, load } = loader();
  const kept = new Kept<string>({ bytes: 1000, sizeOf: () => 251 });
  await Promise.all([kept.load('a', load('a')), kept.load('a', load('a'))]);
  await kept.load('a', load('a'));
  expect(loads).toEqual(['a', 'a']);
});

test('the newest stays whatever its size, where that is asked for', async () => {
  const { loads, load } = loader();
  const kept = new Kept<string>({ bytes: 10, largest: Infinity, sizeOf: (value) => value.length });
  for (const value of ['short', 'longer than ten', 'longer than ten', 'short', 'short'])
    await kept.load(value, load(value));
  expect(loads).toEqual(['short', 'longer than ten', 'short']);
});

test('a value that is no longer good is loaded again, once for all who ask meanwhile', async () => {
  const { loads, load } = loader();
  const kept = new Kept<string>({});
  await kept.load('a', load('old'));
  const asked = [1, 2].map(() => kept.load('a', load('new'), isNew));
  expect(await Promise.all(asked)).toEqual(['new', 'new']);
  expect(await kept.load('a', load('newer'), isNew)).toBe('new');
  expect(loads).toEqual(['old', 'new']);
});

test('a value that nobody asks for goes, and no timer stays behind', async () => {
  vi.useFakeTimers();
  try {
    const { loads, load } = loader();
    const kept = new Kept<string>({ idle: 1000 });
    await kept.load('a', load('a'));
    for (let n = 0; n < 3; n++) {
      vi.advanceTimersByTime(999);
      expect(await kept.load('a', load('a'))).toBe('a');
    }
    expect(loads).toEqual(['a']);
    vi.advanceTimersByTime(2000);
    expect(vi.getTimerCount()).toBe(0);
    await kept.load('a', load('a'));
    expect(loads).toEqual(['a', 'a']);
    kept.clear();
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('what is being loaded when all is cleared is not kept', async () => {
  const { loads, load } = loader();
  const kept = new Kept<string>({});
  const asked = kept.load('a', load('a'));
  kept.clear();
  expect(await asked).toBe('a');
  expect(kept.has('a')).toBe(false);
  await kept.load('a', load('a'));
  expect(loads).toEqual(['a', 'a']);
});

test('a value is good for a time, from when it was asked for', async () => {
  vi.useFakeTimers();
  try {
    const { loads, load } = loader();
    const kept = new Kept<string>({ ttl: 1000 });
    await kept.load('a', load('a'));
    vi.advanceTimersByTime(999);
    expect(kept.has('a')).toBe(true);
    vi.advanceTimersByTime(1);
    expect(kept.get('a')).toBeUndefined();
    await kept.load('a', load('a'));
    expect(loads).toEqual(['a', 'a']);
  } finally {
    vi.useRealTimers();
  }
});

test('without a time it is for those alone who ask meanwhile', async () => {
  const { loads, load } = loader();
  const kept = new Kept<string>({ ttl: 0 });
  await Promise.all([kept.load('a', load('a')), kept.load('a', load('a'))]);
  await kept.load('a', load('a'));
  expect(loads).toEqual(['a', 'a']);
});

test('a failed load is tried again', async () => {
  const kept = new Kept<string>({});
  await expect(kept.load('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await kept.load('a', async () => 'yes')).toBe('yes');
});
