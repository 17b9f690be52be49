import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Position } from '../../../src/service/list/list-cursor.ts';
import { finishedAt, lastFinishedFirst } from '../../../src/service/list/last-finished-first.ts';
import type { Chunk, ListRow } from '../../../src/service/list/list-row.ts';
import { newestFirst, startedAt } from '../../../src/service/list/newest-first.ts';
import { toInfo } from './memory-index.ts';

const NOW = Date.UTC(2026, 10, 24, 12);
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

/** An index in the order that Temporal's has: open runs by start, then closed ones by close. */
class Index {
  readonly rows: ListRow[] = [];
  calls = 0;
  read = 0;
  #made = 0;

  start(start: number, close: number | null = null): ListRow {
    // Ids say nothing about the order of starts.
    const id = `${((this.#made * 7919) % 10_007).toString().padStart(5, '0')}-${this.#made++}`;
    const row = { id, start, close, info: toInfo({ id, start, close }) };
    this.rows.push(row);
    return row;
  }

  close(row: ListRow, close: number): void {
    const at = this.rows.indexOf(row);
    this.rows[at] = { ...row, close, info: toInfo({ ...row, close }) };
  }

  select(fits: (row: ListRow) => boolean, size: number, skip = 0) {
    this.calls++;
    const matches = this.rows.filter(fits).toSorted(
      (a, b) =>
        // Within a millisecond anything goes: what is beyond it differs from store to store.
        (b.close ?? Infinity) - (a.close ?? Infinity) ||
        (a.close === null ? b.start - a.start : 0) ||
        (a.id < b.id ? 1 : -1),
    );
    const rows = matches.slice(skip, skip + size);
    this.read += rows.length;
    // Temporal gives a token after any full page, also when nothing follows.
    return { rows, more: rows.length === size };
  }
}

interface Walk {
  readonly ids: readonly string[];
  readonly pages: number;
}

async function walk(
  next: (first: number, after: Position | null) => Promise<Chunk>,
  position: (row: ListRow) => Position,
  { first, between }: { readonly first: number; readonly between: () => void },
): Promise<Walk> {
  const ids: string[] = [];
  let after: Position | null = null;
  for (let pages = 1; ; pages++) {
    const chunk = await next(first, after);
    ids.push(...chunk.rows.map(({ id }) => id));
    const last = chunk.rows.at(-1);
    if (!chunk.more || !last) return { ids, pages };
    expect(chunk.rows).toHaveLength(first);
    after = { ...position(last), ...(chunk.width !== null && { width: chunk.width }) };
    between();
  }
}

/** Runs of a past that is dense, sparse, or both, some of them still open. */
const history = fc.array(
  fc.record({
    age: fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 5_000 }), fc.nat({ max: 10 * 86_400_000 })),
    lasts: fc.option(fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 3_600_000 })), { freq: 8 }),
  }),
  { maxLength: 300, size: 'max' },
);
/** What happens at one moment of the walk: how many runs start, and which open ones close. */
const changes = fc.infiniteStream(
  fc.record({ starts: fc.nat({ max: 3 }), closes: fc.array(fc.nat(), { maxLength: 3 }) }),
);

function indexOf(rows: readonly { readonly age: number; readonly lasts: number | null }[]): Index {
  const index = new Index();
  for (const { age, lasts } of rows) {
    const end = lasts === null ? null : NOW - age + lasts;
    index.start(NOW - age, end !== null && end <= NOW ? end : null);
  }
  return index;
}

function happen(index: Index, { starts, closes }: { starts: number; closes: readonly number[] }) {
  vi.setSystemTime(Date.now() + 1 + starts);
  for (let i = 0; i < starts; i++) index.start(Date.now() - i);
  for (const choice of closes) {
    const open = index.rows.filter(({ close }) => close === null);
    const row = open[choice % open.length];
    if (row) index.close(row, Date.now());
  }
}

const later = (a: ListRow, b: ListRow): number => (b.close ?? 0) - (a.close ?? 0) || newer(a, b);
const newer = (a: ListRow, b: ListRow): number => b.start - a.start || (a.id < b.id ? -1 : 1);

describe('newest first', () => {
  test('lists every run once and in order, whatever starts and closes between and during pages', async () => {
    await fc.assert(
      fc.asyncProperty(
        history,
        changes,
        fc.integer({ min: 1, max: 40 }),
        // A hint, right or wrong, changes no answer.
        fc.option(fc.nat({ max: 86_400_000 }), { nil: undefined }),
        async (rows, stream, first, hint) => {
          vi.setSystemTime(NOW);
          const since = hint === undefined ? undefined : NOW - hint;
          const index = indexOf(rows);
          const before = index.rows.toSorted(newer).map(({ id }) => id);
          const events = stream[Symbol.iterator]();
          const change = (): void => happen(index, events.next().value as never);
          const fetch = async (from: number | null, to: number | null, size: number) => {
            const page = index.select(
              ({ start }) => (from === null || start >= from) && (to === null || start < to),
              size,
            );
            change();
            return page;
          };
          const { ids, pages } = await walk(
            (first, after) => newestFirst(fetch, { first, after, since }),
            startedAt,
            { first, between: change },
          );
          expect(new Set(ids).size).toBe(ids.length);
          // Runs that start while the first page is read may be on it.
          const known = new Set(before);
          expect(ids.filter((id) => known.has(id))).toEqual(before);
          const order = new Map(index.rows.toSorted(newer).map(({ id }, at) => [id, at]));
          expect(ids).toEqual(ids.toSorted((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0)));
          expect(index.calls).toBeLessThanOrEqual(10 + 4 * pages);
        },
      ),
      { numRuns: 400 },
    );
  });

  test.each([
    ['one each 20 s', 20_000],
    ['five a millisecond', 0.2],
    ['ten a millisecond', 0.1],
  ])(
    'asks once a page, for about a page and a half of rows, where runs come %s',
    async (_, gap) => {
      const index = new Index();
      for (let i = 0; i < 5000; i++) {
        const start = NOW - Math.floor(i * gap);
        index.start(start, i % 100 === 0 ? null : start + 3_000);
      }
      const fetch = async (from: number | null, to: number | null, size: number) =>
        index.select(
          ({ start }) => (from === null || start >= from) && (to === null || start < to),
          size,
        );
      const { ids, pages } = await walk(
        (first, after) => newestFirst(fetch, { first, after }),
        startedAt,
        { first: 50, between: () => undefined },
      );
      expect(ids).toHaveLength(5000);
      expect(index.calls / pages).toBeLessThan(1.1);
      expect(index.read / ids.length).toBeLessThan(1.5);
    },
  );

  test('says that it cannot list more runs of one moment than one statement returns', async () => {
    const index = new Index();
    for (let i = 0; i < 1500; i++) index.start(NOW);
    const fetch = async (from: number | null, to: number | null, size: number) =>
      index.select(
        ({ start }) => (from === null || start >= from) && (to === null || start < to),
        size,
      );
    await expect(newestFirst(fetch, { first: 50, after: null })).rejects.toMatchObject({
      code: 'TOO_MANY_TO_SORT',
    });
  });
});

describe('last finished first', () => {
  test('lists every closed run once and in order, whatever closes between and during pages', async () => {
    await fc.assert(
      fc.asyncProperty(
        history,
        changes,
        fc.integer({ min: 1, max: 40 }),
        async (rows, stream, first) => {
          vi.setSystemTime(NOW);
          const index = indexOf(rows);
          const before = index.rows
            .filter(({ close }) => close !== null)
            .toSorted(later)
            .map(({ id }) => id);
          const events = stream[Symbol.iterator]();
          const change = (): void => happen(index, events.next().value as never);
          // Temporal's token is a place in its order, as this one is.
          const fetch = async (to: number | null, size: number, token: Uint8Array | null) => {
            const after = token && (JSON.parse(Buffer.from(token).toString()) as ListRow);
            const page = index.select(
              (row) =>
                row.close !== null &&
                (to === null || row.close < to) &&
                (!after || isBehind(row, after)),
              size,
            );
            change();
            return {
              rows: page.rows.map(({ info }) => info),
              next: page.more ? Buffer.from(JSON.stringify(page.rows.at(-1))) : null,
            };
          };
          const { ids } = await walk(
            (first, after) => lastFinishedFirst(fetch, { first, after }),
            finishedAt,
            { first, between: change },
          );
          expect(new Set(ids).size).toBe(ids.length);
          const known = new Set(before);
          expect(ids.filter((id) => known.has(id))).toEqual(before);
        },
      ),
      { numRuns: 300 },
    );
  });
});

const isBehind = (row: ListRow, after: ListRow): boolean =>
  row.close === after.close ? row.id < after.id : (row.close ?? 0) < (after.close ?? 0);
