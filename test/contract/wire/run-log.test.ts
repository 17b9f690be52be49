import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LOG_LIMITS, RunLog, sumProgress, toLogLine } from '../../../src/contract/wire/run-log.ts';
import type { LogEnvelope, WireLine } from '../../../src/contract/wire/run-log.ts';

const line = (n: number, m = `line ${n}`): WireLine => ({ n, t: 1000 + n, l: 'INFO', m });
const envelope = (
  src: string,
  numbers: readonly number[],
  rest: Partial<LogEnvelope> = {},
): LogEnvelope => ({
  v: 1,
  src,
  segs: [{ src, step: 'walk', lines: numbers.map((n) => line(n)) }],
  ...rest,
});
const texts = (log: RunLog) => log.page().entries.map(({ src, n }) => `${src}#${n}`);

describe('a run log', () => {
  test('keeps a line once, by whichever way and however often it comes', () => {
    const log = new RunLog();
    log.apply(envelope('1/1/1', [1, 2]));
    log.apply(envelope('1/1/1', [1, 2, 3]));
    log.apply(envelope('1/2/1', [1]));
    expect(texts(log)).toEqual(['1/1/1#1', '1/1/1#2', '1/1/1#3', '1/2/1#1']);
  });

  test('gives a line an offset that never changes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(5))), (batches) => {
        const log = new RunLog();
        const last = new Map<number, number>();
        let before: readonly string[] = [];
        for (const [activity, count] of batches) {
          const from = last.get(activity) ?? 0;
          last.set(activity, from + count);
          log.apply(
            envelope(
              `1/${activity}/1`,
              Array.from({ length: count }, (_, index) => from + index + 1),
            ),
          );
          const now = texts(log);
          expect(now.slice(0, before.length)).toEqual(before);
          before = now;
        }
      }),
    );
  });

  test('ignores what is no envelope', () => {
    const log = new RunLog();
    for (const value of [undefined, null, 'text', {}, { v: 2, segs: [] }, { v: 1 }])
      log.apply(value);
    expect(log.next).toBe(0);
  });

  test('pages by bytes, and says when more is there', () => {
    const log = new RunLog();
    log.apply(envelope('1/1/1', [1, 2, 3]));
    const first = log.page({ limitBytes: 1 });
    expect(first).toMatchObject({ next: 1, more: true, skipped: 0 });
    expect(log.page({ after: first.next })).toMatchObject({ next: 3, more: false });
    expect(log.page({ after: 99 })).toMatchObject({ entries: [], next: 99, more: false });
  });

  test('hands its newest lines to the next iteration, which counts on', () => {
    const log = new RunLog();
    const long = 'x'.repeat(1000);
    for (let n = 1; n <= 400; n++)
      log.apply({
        v: 1,
        src: '1/1/1',
        segs: [{ src: '1/1/1', step: 'walk', lines: [line(n, long)] }],
      });
    const carried = log.carry();
    expect(JSON.stringify(carried).length).toBeLessThan(LOG_LIMITS.carry * 1.1);
    const next = new RunLog(carried);
    next.apply(envelope('2/1/1', [1]));
    expect(next.next).toBe(401);
    expect(next.settled).toBeGreaterThan(log.settled);
    expect(next.page()).toMatchObject({ skipped: carried.base });
    expect(next.page({ after: 400 }).entries).toMatchObject([{ src: '2/1/1', n: 1 }]);
  });

  test('carries nothing when a line alone is too much', () => {
    const log = new RunLog();
    log.apply({
      v: 1,
      src: '1/1/1',
      segs: [
        { src: '1/1/1', step: 'walk', lines: [{ ...line(1), d: 'x'.repeat(LOG_LIMITS.carry) }] },
      ],
    });
    expect(log.carry()).toMatchObject({ base: 1, entries: [] });
  });
});

const at = (done: number, total: number | null = 10) => ({ done, total, message: null });

describe('the progress of a run', () => {
  test('is the sum of its parallel activities', () => {
    const log = new RunLog();
    log.apply(envelope('1/1/1', [], { progress: at(1) }));
    log.apply(envelope('1/2/1', [], { progress: at(4) }));
    expect(log.progress).toEqual(at(5, 20));
  });

  test('starts anew with the next step', () => {
    const log = new RunLog();
    log.apply(envelope('1/1/1', [], { progress: at(10), ended: true }));
    expect(log.progress).toEqual(at(10));
    log.apply(envelope('1/2/1', [], { progress: at(1) }));
    expect(log.progress).toEqual(at(1));
  });

  test('of a retried activity is that of its newest attempt', () => {
    const log = new RunLog();
    log.apply(envelope('1/1/1', [], { progress: at(7), ended: true }));
    log.apply(envelope('1/1/2', [], { progress: at(8) }));
    expect(log.progress).toEqual(at(8));
  });

  test('has no total when one part has none', () => {
    expect(sumProgress([at(1), at(2, null)])).toEqual(at(3, null));
    expect(sumProgress([])).toBeNull();
  });
});

test('a marker says how many lines it stands for', () => {
  const marker = { ...line(60, ''), src: '2/3/4', step: 'walk', dropped: 50 };
  expect(toLogLine(marker)).toMatchObject({
    iteration: 2,
    attempt: 4,
    source: '2/3/4',
    dropped: 50,
    message: '50 lines were dropped',
  });
});

test.each([
  [{ e: 'ATTEMPT_STARTED' as const }, 'ATTEMPT_STARTED'],
  [{}, null],
  // A worker that is newer than the reader.
  [{ e: 'ATTEMPT_TELEPORTED' as 'ATTEMPT_STARTED' }, null],
])('a line with the code %j tells of %j', (code, event) => {
  expect(toLogLine({ ...line(1, 'Started'), ...code, src: '1/1/1', step: 'walk' })).toMatchObject({
    event,
    message: 'Started',
  });
});
