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
