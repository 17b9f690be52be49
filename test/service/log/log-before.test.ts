import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LogFilter, LogPage } from '../../../src/contract/tasks.ts';
import type { LogLine } from '../../../src/contract/wire/run-log.ts';
import { matchesLine } from '../../../src/contract/rules/matches-line.ts';
import { SimulatedRun } from '../../support/simulated-run.ts';

const keyOf = ({ source, n, event }: LogLine): string => `${source}#${n} ${event}`;

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ act: fc.constant('write'), key: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('warn'), key: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('signal'), key: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('complete'), key: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('retry'), key: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('settle'), key: fc.constant(0) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constantFrom('goOn', 'abort', 'succeed'),
      key: fc.constant(0),
    }),
  },
);
type Step = { readonly act: string; readonly key: number };

function move(run: SimulatedRun, { act, key }: Step): void {
  if (run.over) return;
  if (act === 'write') run.write(key);
  else if (act === 'warn') run.write(key, 'WARN');
  else if (act === 'signal') run.signal(key);
  else if (act === 'complete') run.complete(key);
  else if (act === 'retry') run.retry(key);
  else if (act === 'settle') run.settle();
  else if (act === 'goOn') run.goOn();
  else if (act === 'abort') run.abort();
  else if (act === 'succeed') run.succeed();
}

const filters: readonly (LogFilter | undefined)[] = [
  undefined,
  { levels: ['WARN'] },
  { steps: ['step1'] },
];

/** All pages from the end backwards, while the run goes on. */
async function backwards(
  run: SimulatedRun,
  { last, filter, moves }: { last: number; filter: LogFilter | undefined; moves: readonly Step[] },
): Promise<readonly LogPage[]> {
  const pages = [await run.live.logs(run.id, { last, filter })];
  for (let page = pages[0], at = 0; page?.hasEarlier; at += 2) {
    for (const one of moves.slice(at, at + 2)) move(run, one);
    page = await run.live.logs(run.id, { before: page.startCursor, last, filter });
    pages.unshift(page);
    if (pages.length > 200) throw new Error('There is no end to the pages.');
  }
  return pages;
}

test('from the end backwards each line comes once, whatever the run does meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        past: fc.array(step, { maxLength: 60 }),
        moves: fc.array(step, { maxLength: 40 }),
        last: fc.integer({ min: 1, max: 7 }),
        filter: fc.constantFrom(...filters),
        worker: fc.boolean(),
      }),
      async ({ past, moves, last, filter, worker }) => {
        const run = new SimulatedRun();
        run.worker = worker;
        for (const one of past) move(run, one);
        const whole = await run.live.logs(run.id, { first: 1000 });
        const fitting = whole.lines.filter((line) => matchesLine(line, filter));
        const pages = await backwards(run, { last, filter, moves });
        const told = pages.flatMap(({ lines }) => lines);
        expect(told.map(keyOf).toSorted()).toEqual(fitting.map(keyOf).toSorted());
        // A page is full, but the first one.
        for (const page of pages.slice(1)) expect(page.lines).toHaveLength(last);
        // Each source is in order, over all pages.
        const reached = new Map<string, number>();
        for (const { source, n } of told) {
          expect(n).toBeGreaterThan(reached.get(source) ?? 0);
          reached.set(source, n);
        }
        // And what is counted before a page is what is in the pages before it.
        for (const [at, page] of pages.entries())
          expect(page.total).toBe(pages.slice(0, at + 1).flatMap(({ lines }) => lines).length);
        run.live.close();
      },
    ),
    { numRuns: 300 },
  );
});
