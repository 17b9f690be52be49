import { expect, test } from 'vitest';
import { RunLog } from '../../../src/contract/wire/run-log.ts';
import { SettledWindow } from '../../../src/service/live/settled-window.ts';

const log = new RunLog();
log.apply({
  v: 1,
  src: '1/1/1',
  segs: [
    {
      src: '1/1/1',
      step: 'work',
      lines: Array.from({ length: 100 }, (_, at) => ({
        n: at + 1,
        t: 0,
        l: 'INFO',
        m: 'x'.repeat(40),
      })),
    },
  ],
});
/** Each line of the log above counts 100 bytes. */
function windowOf(bytes: number, lines: number): SettledWindow {
  const window = new SettledWindow(0, bytes);
  while (window.next < lines)
    window.add(
      log.page({ after: window.next, limitBytes: Math.min(700, (lines - window.next) * 100) }),
    );
  return window;
}

test('answers as the log itself would, within what it holds', () => {
  const window = windowOf(5000, 90);
  for (const [after, limitBytes] of [
    [40, 300],
    [85, 10_000],
    [90, 100],
    [95, 100],
  ] as const) {
    const { entries, next, skipped } = log.page({ after, limitBytes });
    const shown = entries.filter((_, at) => after + at < 90);
    expect(window.page(after, limitBytes)).toEqual({
      entries: shown,
      next: Math.max(after, Math.min(90, next)),
      more: after + shown.length < 90,
      skipped,
    });
  }
});

test('holds the newest lines, and says what has left', () => {
  const window = windowOf(1000, 90);
  expect(window.page(79, 100)).toBeUndefined();
  expect(window.page(80, 10_000)?.entries).toHaveLength(10);
});

test('a hole between what it has and what comes empties it', () => {
  const window = windowOf(10_000, 10);
  window.add({
    entries: log.page({ after: 50, limitBytes: 100 }).entries,
    next: 51,
    more: false,
    skipped: 40,
  });
  expect(window.page(10, 100)).toBeUndefined();
  expect(window.page(50, 100)?.entries).toHaveLength(1);
});
