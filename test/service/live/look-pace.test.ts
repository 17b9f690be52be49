import { describe, expect, test } from 'vitest';
import { LookPace } from '../../../src/service/live/look-pace.ts';

const MINUTE = 60_000;

/** The looks of a minute at a run whose activities beat at these times, by a gateway whose clock is so much ahead. */
function minute(beats: readonly number[], { ahead = 0 } = {}): readonly number[] {
  const pace = new LookPace();
  const looks: number[] = [];
  for (let at = 0; at < MINUTE;) {
    looks.push(at);
    const last = beats.findLast((beat) => beat <= at);
    at = pace.next(at + ahead, last) - ahead;
  }
  return looks;
}

/** Beats each so many milliseconds, each up to `late` ms late. */
function each(period: number, { from = 77, late = 0 } = {}): readonly number[] {
  const beats: number[] = [];
  for (let at = from, n = 0; at < MINUTE; at += period, n++)
    beats.push(at + ((n * 7) % 11) * 0.1 * late);
  return beats;
}

/** How old the median heartbeat is when it is seen. */
function medianAge(beats: readonly number[], looks: readonly number[]): number {
  const ages = beats
    .map((beat) => (looks.find((look) => look >= beat) ?? Number.NaN) - beat)
    .filter((age) => !Number.isNaN(age))
    .toSorted((one, other) => one - other);
  return ages[Math.floor(ages.length / 2)] ?? Number.NaN;
}

describe('a run is looked at', () => {
  test.each([
    ['that begins', each(300, { from: 400 })],
    ['whose clock runs slow', each(306)],
    ['that is busy', each(302, { late: 20 })],
    ['whose process has many activities', each(600)],
  ])('just after the heartbeats of a worker %s', (_, beats) => {
    const looks = minute(beats);
    expect(medianAge(beats, looks)).toBeLessThan(50);
    expect(looks.length).toBeLessThanOrEqual(208);
  });

  test.each([0, 40, -150, 290, -5000])(
    'no more than 200 times a minute by a clock that is %i ms ahead',
    (ahead) => {
      for (const beats of [each(300), each(150), each(450), each(2000), each(307, { late: 100 })])
        expect(minute([0, ...beats], { ahead }).length).toBeLessThanOrEqual(201);
    },
  );

  test('more often at first, until its first lines are there', () => {
    expect(minute([]).slice(0, 12)).toEqual([
      0, 50, 100, 150, 200, 250, 300, 350, 400, 450, 500, 800,
    ]);
    expect(minute([120]).slice(0, 6)).toEqual([0, 50, 100, 150, 450, 750]);
  });

  test('not less often after looks that something else brought about', () => {
    const pace = new LookPace();
    let next = 0;
    for (let look = 0; look < 50; look++) next = pace.next(look, 0);
    expect(next).toBeLessThanOrEqual(50 + 600);
  });
});
