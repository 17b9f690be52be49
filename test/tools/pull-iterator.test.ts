import { expect, test } from 'vitest';
import { ENDED, PullIterator } from '../../src/tools/pull-iterator.ts';

const forever = (): Promise<never> => new Promise(() => {});
const DONE = { done: true, value: undefined };

test('values come in the order in which they are asked for, then the end', async () => {
  let count = 0;
  const numbers = new PullIterator(async () => (count < 3 ? ++count : ENDED), undefined);
  const asked = await Promise.all([numbers.next(), numbers.next(), numbers.next(), numbers.next()]);
  expect(asked.map(({ value }) => value)).toEqual([1, 2, 3, undefined]);
  expect(await numbers.next()).toEqual(DONE);
});

test('`return` ends a wait at once, and whoever pulls is told', async () => {
  let told = false;
  const stuck = new PullIterator((signal) => {
    signal.addEventListener('abort', () => (told = true));
    return forever();
  }, undefined);
  const waiting = [stuck.next(), stuck.next()];
  await Promise.resolve();
  expect(await stuck.return()).toEqual(DONE);
  expect(await Promise.all(waiting)).toEqual([DONE, DONE]);
  expect(told).toBe(true);
});

test('the signal ends it without an error, before the first value too', async () => {
  const stop = new AbortController();
  const stuck = new PullIterator(forever, stop.signal);
  const waiting = stuck.next();
  stop.abort(new Error('enough'));
  expect(await waiting).toEqual(DONE);
  expect(await new PullIterator(async () => 1, stop.signal).next()).toEqual(DONE);
});

test('an error comes once and ends it', async () => {
  const broken = new PullIterator(() => Promise.reject(new Error('broken')), undefined);
  await expect(broken.next()).rejects.toThrow('broken');
  expect(await broken.next()).toEqual(DONE);
});
