import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Heart } from '../../src/activities/heart.ts';

const MINUTE = 60_000;
const hearts: Heart[] = [];
/** When each heart has beaten. */
function heart(): { readonly heart: Heart; readonly beats: readonly number[] } {
  const beats: number[] = [];
  const made = new Heart(() => beats.push(performance.now() - began));
  hearts.push(made);
  return { heart: made, beats };
}
let began = 0;

beforeEach(() => {
  vi.useFakeTimers();
  began = performance.now();
});
afterEach(() => {
  for (const made of hearts.splice(0)) made.stop();
  vi.useRealTimers();
});

/** Says something each so many milliseconds for a minute. */
function work(each: number, ...say: readonly Heart[]): void {
  for (let at = 0; at < MINUTE; at += each) {
    for (const one of say) one.touch();
    vi.advanceTimersByTime(each);
  }
}

describe('a heart', () => {
  test('carries the first words of an attempt at once, all in one beat', () => {
    const { heart: one, beats } = heart();
    one.touch();
    vi.advanceTimersByTime(10);
    one.touch();
    vi.advanceTimersByTime(200);
    expect(beats).toEqual([20]);
  });

  test('does the same after a silence, and waits between beats otherwise', () => {
    const { heart: one, beats } = heart();
    vi.advanceTimersByTime(1500);
    one.touch();
    vi.advanceTimersByTime(100);
    one.touch();
    vi.advanceTimersByTime(400);
    expect(beats).toEqual([1520, 1820]);
  });

  test('costs an attempt that is over at once nothing', () => {
    const { heart: one, beats } = heart();
    one.touch();
    vi.advanceTimersByTime(15);
    one.stop();
    one.touch();
    vi.advanceTimersByTime(MINUTE);
    expect(beats).toEqual([]);
  });

  test.each([
    [10, 200],
    [100, 200],
    [280, 201],
    [1000, 60],
    [10_000, 30],
  ])('beats in a minute of a word each %i ms at most %i times', (each, most) => {
    const { heart: one, beats } = heart();
    work(each, one);
    expect(beats.length).toBeLessThanOrEqual(most);
    expect(beats.length).toBeGreaterThan(0.9 * most);
  });

  test('is shared by many, and none of however many falls silent', () => {
    const many = Array.from({ length: 200 }, heart);
    work(100, ...many.map((one) => one.heart));
    for (const { beats } of many) {
      const waits = beats.map((at, index) => at - (beats[index - 1] ?? 0));
      expect(Math.max(...waits)).toBeLessThanOrEqual(2100);
      expect(beats.length).toBeLessThan(35);
    }
  });
});
