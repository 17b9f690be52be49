import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RunLog } from '../../../src/contract/wire/run-log.ts';
import type { LogEntry, WireLine } from '../../../src/contract/wire/run-log.ts';
import { byTime } from '../../../src/service/log/live-lines.ts';
import type { LifeLine } from '../../../src/service/log/lifecycle.ts';
import { fromCursor, startOf } from '../../../src/service/log/log-position.ts';
import type { LogPosition } from '../../../src/service/log/log-position.ts';
import { readOn } from '../../../src/service/log/read-on.ts';
import type { LinkView, LogBatch } from '../../../src/service/log/read-on.ts';

const LINK = '01a20c62-80c6-70c9-a606-465670b52cf1';

const lineOf = (n: number, t = n): WireLine => ({ n, t, l: 'INFO', m: `line ${n}` });
const entriesOf = (src: string, ...lines: readonly WireLine[]): LogEntry[] =>
  lines.map((line) => Object.assign({ src, step: 'work' }, line));

function viewOf({
  settled = [],
  live = [],
  from = 0,
  ...more
}: Partial<LinkView> & { settled?: readonly LogEntry[]; from?: number } = {}): LinkView {
  const log = new RunLog();
  for (const { src, step, ...line } of settled)
    log.apply({ v: 1, src, segs: [{ src, step, lines: [line] }] });
  return {
    page: log.page({ after: from }),
    live,
    running: new Set(live.map(({ src }) => src)),
    life: [],
    over: false,
    ...more,
  };
}
const told = ({ lines }: LogBatch): string[] =>
  lines.map(({ line }) => `${line.source}#${line.n}${line.dropped ? `-${line.dropped}` : ''}`);

const lifeLine = (n: number, at: number): LifeLine => ({
  at,
  line: {
    step: null,
    attempt: null,
    iteration: 1,
    source: 'run',
    n,
    time: new Date(0),
    level: 'INFO',
    event: null,
    message: '',
    data: null,
    dropped: 0,
  },
});

/** Batch after batch, until there is nothing more at once. */
function readAll(
  start: LogPosition,
  view: (offset: number) => LinkView,
): { readonly told: readonly string[]; readonly last: LogBatch } {
  const all: string[] = [];
  for (let position = start; ;) {
    const last = readOn('run', position, view(position.offset));
    all.push(...told(last));
    if (last.onward !== 'MORE') return { told: all, last };
    ({ position } = last);
  }
}

describe('a batch', () => {
  test('has the settled lines and then the live ones', () => {
    const view = viewOf({
      settled: entriesOf('1/1/1', lineOf(1), lineOf(2)),
      live: entriesOf('1/1/1', lineOf(3)),
    });
    const batch = readOn('run', startOf(LINK), view);
    expect(told(batch)).toEqual(['1/1/1#1', '1/1/1#2', '1/1/1#3']);
    expect(batch.onward).toBe('WAIT');
  });

  test('tells settled blocks of activities beside each other by time, as they were seen live', () => {
    const settled = [
      ...entriesOf('1/1/1', lineOf(1, 10), lineOf(2, 30), lineOf(3, 50)),
      ...entriesOf('1/2/1', lineOf(1, 20), lineOf(2, 40)),
    ];
    const whole = readOn('run', startOf(LINK), viewOf({ settled, over: true }));
    const order = ['1/1/1#1', '1/2/1#1', '1/1/1#2', '1/2/1#2', '1/1/1#3'];
    expect(told(whole)).toEqual(order);
    // From each of its cursors exactly the rest comes.
    const rests = whole.lines.map(({ cursor }) => {
      const from = fromCursor('run', cursor);
      return told(readOn('run', from, viewOf({ settled, from: from.offset, over: true })));
    });
    expect(rests).toEqual(order.map((_, at) => order.slice(at + 1)));
    expect(whole.position).toMatchObject({ offset: 5 });
  });

  test('of very many sources tells them as they settled: a cursor could not say where it is', () => {
    const settled = Array.from({ length: 100 }, (_, at) =>
      entriesOf(`1/${at}/1`, lineOf(1, 100 - at)),
    ).flat();
    const batch = readOn('run', startOf(LINK), viewOf({ settled, over: true }));
    expect(told(batch)).toEqual(settled.map(({ src, n }) => `${src}#${n}`));
  });

  test('holds live lines back that do not follow what was handed out: the signal between is on its way', () => {
    const view = viewOf({
      settled: entriesOf('1/1/1', lineOf(1)),
      live: byTime([...entriesOf('1/1/1', lineOf(4)), ...entriesOf('1/2/1', lineOf(1, 9))]),
    });
    expect(told(readOn('run', startOf(LINK), view))).toEqual(['1/1/1#1', '1/2/1#1']);
  });

  test('keeps live lines for the end of the backlog', () => {
    const view = viewOf({
      settled: entriesOf('1/1/1', lineOf(1)),
      live: entriesOf('1/2/1', lineOf(1)),
    });
    const batch = readOn('run', startOf(LINK), { ...view, page: { ...view.page, more: true } });
    expect(told(batch)).toEqual(['1/1/1#1']);
    expect(batch.onward).toBe('MORE');
  });

  test('does not repeat, once they are settled, lines that were handed out live', () => {
    const live = entriesOf('1/1/1', lineOf(1), lineOf(2));
    const first = readOn('run', startOf(LINK), viewOf({ live }));
    const settled = entriesOf('1/1/1', lineOf(1), lineOf(2), lineOf(3));
    const second = readOn('run', first.position, viewOf({ settled }));
    expect(told(first)).toEqual(['1/1/1#1', '1/1/1#2']);
    expect(told(second)).toEqual(['1/1/1#3']);
  });

  test('reduces a marker by the lines that were seen live before they were dropped', () => {
    const head = entriesOf('1/1/1', lineOf(1), lineOf(2), lineOf(3));
    const first = readOn('run', startOf(LINK), viewOf({ live: head }));
    const settled = entriesOf('1/1/1', lineOf(1), { ...lineOf(10), m: '', dropped: 9 }, lineOf(11));
    const second = readOn('run', first.position, viewOf({ settled }));
    expect(told(second)).toEqual(['1/1/1#10-7', '1/1/1#11']);
    expect(second.position.dropped).toBe(7);
    expect(second.lines[0]?.line.message).toBe('7 lines were dropped');
  });

  test('counts the lines that the run no longer holds', () => {
    const batch = readOn('run', startOf(LINK), {
      ...viewOf(),
      page: { entries: entriesOf('1/1/1', lineOf(41)), next: 41, more: false, skipped: 40 },
    });
    expect(batch.position).toMatchObject({ offset: 41, dropped: 40 });
  });

  test('is bounded, and the next one goes on from there', () => {
    const settled = entriesOf('1/1/1', ...Array.from({ length: 1200 }, (_, at) => lineOf(at + 1)));
    const sizes: number[] = [];
    for (let position = startOf(LINK); ;) {
      const view = viewOf({ settled, from: position.offset, over: true });
      const batch = readOn('run', position, view);
      sizes.push(batch.lines.length);
      if (batch.onward === 'OVER') break;
      expect(batch.onward).toBe('MORE');
      ({ position } = batch);
    }
    expect(sizes).toEqual([500, 500, 200]);
  });

  test('with lines of any size stays within its bytes', () => {
    const wide = Array.from({ length: 100 }, (_, at) => ({
      ...lineOf(at + 1),
      m: 'x'.repeat(8000),
    }));
    const batch = readOn('run', startOf(LINK), viewOf({ settled: entriesOf('1/1/1', ...wide) }));
    expect(JSON.stringify(batch.lines).length).toBeLessThan(160 * 1024);
    expect(batch.onward).toBe('MORE');
  });

  test('of more running sources than a cursor may name leaves the rest until they are settled', () => {
    const sources = Array.from({ length: 300 }, (_, at) => `1/${at}/1`);
    const live = byTime(sources.flatMap((src) => entriesOf(src, lineOf(1))));
    const atFirst = readAll(startOf(LINK), (from) => viewOf({ live, from }));
    expect(atFirst.told).toHaveLength(128);
    expect(atFirst.last.cursor.length).toBeLessThan(8192);

    const settled = live.toReversed();
    const position = fromCursor('run', atFirst.last.cursor);
    const later = readAll(position, (from) => viewOf({ settled, from }));
    expect(later.told).toHaveLength(172);
    expect(new Set([...atFirst.told, ...later.told]).size).toBe(300);
  });
});

describe("the lines of a run's life", () => {
  const life = [lifeLine(1, -Infinity), lifeLine(3, 15), lifeLine(4, Infinity)];
  const settled = entriesOf('1/1/1', lineOf(1, 10), lineOf(2, 20));

  test('stand where they belong in time, the end after everything else', () => {
    const batch = readOn('run', startOf(LINK), viewOf({ settled, life, over: true }));
    expect(told(batch)).toEqual(['run#1', '1/1/1#1', 'run#3', '1/1/1#2', 'run#4']);
    expect(batch.onward).toBe('OVER');
  });

  test('come once, from whichever cursor a reader goes on', () => {
    const whole = readOn('run', startOf(LINK), viewOf({ settled, life, over: true }));
    for (const [at, { cursor }] of whole.lines.entries()) {
      const position = fromCursor('run', cursor);
      const rest = readOn(
        'run',
        position,
        viewOf({ settled, from: position.offset, life, over: true }),
      );
      expect(told(rest)).toEqual(told(whole).slice(at + 1));
    }
  });
});

/**
 * A run as its reader meets it: activities log, beat, signal and end; signals reach the workflow late; views are
 * taken at any time, pages are small, and readers go away and come back by any cursor they were given.
 */
type Act =
  | { readonly type: 'LOG' | 'BEAT' | 'SIGNAL' | 'END' | 'RETRY'; readonly activity: number }
  | { readonly type: 'TAKE_IN' }
  | { readonly type: 'LOOK'; readonly pageBytes: number; readonly comeBackBy: number | null };

const activity = fc.integer({ min: 0, max: 2 });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('LOG' as const), activity }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('BEAT' as const), activity }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('SIGNAL' as const), activity }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('RETRY' as const), activity }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('END' as const), activity }) },
  { weight: 2, arbitrary: fc.constant<Act>({ type: 'TAKE_IN' }) },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('LOOK' as const),
      pageBytes: fc.integer({ min: 1, max: 400 }),
      comeBackBy: fc.option(fc.nat(10)),
    }),
  },
);

interface Attempt {
  src: string;
  n: number;
  pending: LogEntry[];
  beat: readonly LogEntry[];
  ended: boolean;
}

class ModelRun {
  readonly log = new RunLog();
  readonly logged: string[] = [];
  readonly attempts: Attempt[] = [0, 1, 2].map((id) => ({
    src: `1/${id}/1`,
    n: 0,
    pending: [],
    beat: [],
    ended: false,
  }));
  #onTheWay: LogEntry[] = [];
  #clock = 0;

  do(act: Exclude<Act, { type: 'LOOK' }>): void {
    if (act.type === 'TAKE_IN') return this.takeIn();
    const attempt = this.attempts[act.activity];
    if (!attempt || attempt.ended) return;
    if (act.type === 'LOG') {
      attempt.pending.push(...entriesOf(attempt.src, lineOf(++attempt.n, ++this.#clock)));
      this.logged.push(`${attempt.src}#${attempt.n}`);
    } else if (act.type === 'BEAT') attempt.beat = attempt.pending.slice(0, 3);
    else if (act.type === 'SIGNAL') this.#onTheWay.push(...attempt.pending.splice(0, 2));
    else if (act.type === 'RETRY') {
      // The attempt dies: what it had not sent or beaten is lost with it; the next one inherits what was beaten.
      const kept = new Set(attempt.beat);
      const lost = attempt.pending.filter((entry) => !kept.has(entry));
      for (const { src, n } of lost) this.logged.splice(this.logged.indexOf(`${src}#${n}`), 1);
      attempt.pending = attempt.pending.filter((entry) => kept.has(entry));
      const [iteration, id, number] = attempt.src.split('/');
      attempt.src = `${iteration}/${id}/${Number(number) + 1}`;
      attempt.n = 0;
    } else {
      this.#onTheWay.push(...attempt.pending);
      Object.assign(attempt, { ended: true, pending: [], beat: [] });
    }
  }

  takeIn(): void {
    for (const { src, step, ...line } of this.#onTheWay)
      this.log.apply({ v: 1, src, segs: [{ src, step, lines: [line] }] });
    this.#onTheWay = [];
  }

  view(position: LogPosition, limitBytes: number, over: boolean): LinkView {
    const live = byTime(this.attempts.flatMap(({ beat }) => beat));
    const open = this.attempts.filter(({ ended }) => !ended).map(({ src }) => src);
    return {
      page: this.log.page({ after: position.offset, limitBytes }),
      live: over ? [] : live,
      running: new Set([...open, ...live.map(({ src }) => src)]),
      life: [],
      over,
    };
  }
}

test('every line comes once and each source in order, whenever a reader looks, leaves and comes back', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 150, size: 'max' }), (acts) => {
      const run = new ModelRun();
      let position = startOf(LINK);
      const seen: string[] = [];
      const look = (pageBytes: number, comeBackBy: number | null, over = false): LogBatch => {
        const batch = readOn('run', position, run.view(position, pageBytes, over));
        const last = comeBackBy === null ? undefined : batch.lines[comeBackBy];
        seen.push(...(last ? told(batch).slice(0, (comeBackBy ?? 0) + 1) : told(batch)));
        position = last ? fromCursor('run', last.cursor) : batch.position;
        return batch;
      };
      for (const act of acts)
        if (act.type === 'LOOK') look(act.pageBytes, act.comeBackBy);
        else run.do(act);
      for (const id of [0, 1, 2]) run.do({ type: 'END', activity: id });
      run.takeIn();
      while (look(200, null, true).onward !== 'OVER');

      expect(seen.toSorted()).toEqual(run.logged.toSorted());
      for (const src of new Set(seen.map((line) => line.split('#')[0]))) {
        const numbers = seen
          .filter((line) => line.startsWith(`${src}#`))
          .map((line) => Number(line.split('#')[1]));
        expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
      }
    }),
    { numRuns: 500 },
  );
});
