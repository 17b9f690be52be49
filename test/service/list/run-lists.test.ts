import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { comparePositions, positionOf } from '../../../src/contract/rules/run-order.ts';
import type { TaskRun } from '../../../src/contract/task-run.ts';
import { TaskRunOrder } from '../../../src/contract/tasks.ts';
import type { ListRequest, TaskRunFilter } from '../../../src/contract/tasks.ts';
import type { RunLists } from '../../../src/service/list/run-lists.ts';
import { MemoryIndex, listsOver, toRun } from './memory-index.ts';
import type { MemoryRow } from './memory-index.ts';

const NOW = Date.UTC(2026, 10, 24, 12);
let index: MemoryIndex;
let lists: RunLists;
/** What Temporal knows of runs that the index does not show. */
let known: Map<string, MemoryRow>;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
  index = new MemoryIndex();
  known = new Map();
  lists = listsOver(index, (id) => known.get(id));
});
afterEach(() => {
  vi.useRealTimers();
});

const ids = ({ runs }: { readonly runs: readonly TaskRun[] }): readonly string[] =>
  runs.map(({ id }) => id);
const fresh = (id: string, start = NOW): MemoryRow => ({ id, start });
/** Run 0 is the newest, one a second; every tenth is open. */
const fill = (count: number): void => {
  index.rows = Array.from({ length: count }, (_, i) => ({
    id: `run-${i}`,
    name: `Name ${(i * 7) % 5}`,
    start: NOW - (i + 1) * 1000,
    close: i % 10 === 0 ? null : NOW - i * 1000 - 500,
  }));
};
const every = (n: number): TaskRunFilter => ({
  where: { signature: `every ${n}`, test: ({ id }) => Number(id.slice(4)) % n === n - 1 },
});
async function walk(request: ListRequest) {
  const pages: (readonly string[])[] = [];
  for (let after: string | undefined; ;) {
    const page = await lists.list({ ...request, after });
    pages.push(ids(page));
    expect(page.cursors).toHaveLength(page.runs.length);
    if (!page.hasNextPage) return pages;
    expect(page.endCursor).not.toBeNull();
    after = page.endCursor ?? undefined;
  }
}

describe('a page', () => {
  test('has 50 runs unless another number is asked for', async () => {
    fill(60);
    expect((await lists.list()).runs).toHaveLength(50);
    expect((await lists.list({ first: 100 })).hasNextPage).toBe(false);
  });

  test.each([0, 101, 1.5, -1, NaN])('of %s runs is refused', async (first) => {
    await expect(lists.list({ first })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('in an unknown order is refused', async () => {
    await expect(lists.list({ orderBy: 'BEST' as never })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  test('goes on after any of its runs', async () => {
    fill(30);
    const { cursors } = await lists.list({ first: 10 });
    expect(ids(await lists.list({ first: 2, after: cursors[3] }))).toEqual(['run-4', 'run-5']);
  });

  test('does not go on from the cursor of another filter or order', async () => {
    fill(30);
    const { endCursor } = await lists.list({ first: 10 });
    const after = endCursor ?? '';
    const refused = { code: 'INVALID_CURSOR' };
    await expect(lists.list({ after, filter: every(2) })).rejects.toMatchObject(refused);
    await expect(lists.list({ after, orderBy: 'NAME' })).rejects.toMatchObject(refused);
    await expect(lists.list({ after: 'x' })).rejects.toMatchObject(refused);
  });

  test('of an empty list has no cursor', async () => {
    expect(await lists.list()).toEqual({
      runs: [],
      cursors: [],
      endCursor: null,
      hasNextPage: false,
    });
  });

  test('that no run can match asks nothing', async () => {
    fill(30);
    const filter: TaskRunFilter = { status: ['FAILED'], statusNot: ['FAILED'] };
    expect(await lists.list({ filter })).toMatchObject({ runs: [] });
    expect(await lists.count(filter)).toBe(0);
    expect(await lists.counts(filter)).toMatchObject({ total: 0, RUNNING: 0 });
    expect(index.lists + index.counts).toBe(0);
  });

  test('is read once for all who ask for it at the same time', async () => {
    fill(30);
    const pages = await Promise.all(Array.from({ length: 20 }, () => lists.list({ first: 10 })));
    expect(new Set(pages.map((page) => ids(page).join())).size).toBe(1);
    expect(index.lists).toBe(1);
  });

  test('costs one call again and again, once it is known how dense the runs are', async () => {
    fill(5000);
    await lists.list();
    index.lists = index.read = 0;
    for (let i = 0; i < 5; i++) await lists.list();
    expect(index.lists).toBe(5);
    expect(index.read / 5).toBeLessThan(80);
  });
});

describe('an order', () => {
  test.each(Object.values(TaskRunOrder))('%s is kept from page to page', async (orderBy) => {
    fill(95);
    const runs = await Promise.all(index.rows.map(toRun));
    const expected = runs
      .filter(({ finishedAt }) => finishedAt !== null || !orderBy.includes('FINISHED'))
      .map((run) => ({ id: run.id, position: positionOf(run, orderBy) }))
      .toSorted((a, b) => comparePositions(a.position, b.position, orderBy))
      .map(({ id }) => id);
    expect((await walk({ orderBy, first: 20 })).flat()).toEqual(expected);
  });

  test('that must be sorted here takes 1,000 runs, and says what to do with more', async () => {
    fill(1000);
    expect((await lists.list({ orderBy: 'NAME' })).runs).toHaveLength(50);
    fill(1001);
    await expect(lists.list({ orderBy: 'NAME' })).rejects.toMatchObject({
      code: 'TOO_MANY_TO_SORT',
      message: expect.stringMatching(/NAME: narrow the filter, or order by NEWEST_FIRST/),
    });
  });
});

test('all calls of one page together end at the deadline of one', async () => {
  vi.useRealTimers();
  fill(5000);
  const slow = Object.assign(new MemoryIndex(), { rows: index.rows, deadline: 60 });
  const list = slow.list.bind(slow);
  slow.list = async (...asked) => {
    await new Promise((done) => setTimeout(done, 40));
    return list(...asked);
  };
  await expect(listsOver(slow).list()).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect(slow.lists).toBeGreaterThan(0);
});

describe('a predicate', () => {
  test('finds every match once, over any number of runs', async () => {
    fill(3500);
    const found = (await walk({ filter: every(300), first: 5 })).flat();
    expect(found).toEqual(Array.from({ length: 11 }, (_, i) => `run-${(i + 1) * 300 - 1}`));
  });

  test('ends a page after 1,000 runs, with a cursor to go on from', async () => {
    fill(3500);
    const page = await lists.list({ filter: every(2500) });
    expect(page).toMatchObject({ runs: [], hasNextPage: true, endCursor: expect.any(String) });
    expect(index.read).toBeLessThan(2500);
    expect((await walk({ filter: every(2500) })).map(({ length }) => length)).toEqual([0, 0, 1, 0]);
  });

  test('says that a next page is there only when it has a run', async () => {
    fill(100);
    expect(await walk({ filter: every(50), first: 2 })).toHaveLength(1);
    expect(await walk({ filter: every(50), first: 1 })).toEqual([['run-49'], ['run-99']]);
  });

  test('is counted over at most 1,000 runs', async () => {
    fill(1000);
    expect(await lists.count(every(100))).toBe(10);
    fill(1001);
    await expect(lists.count(every(10))).rejects.toMatchObject({
      code: 'TOO_MANY_TO_SORT',
      message: expect.stringContaining('counted'),
    });
  });
});

describe('a count', () => {
  test('is asked once in two seconds', async () => {
    fill(10);
    expect(await Promise.all([lists.count(), lists.count({}), lists.count()])).toEqual([
      10, 10, 10,
    ]);
    expect(index.counts).toBe(1);
    vi.setSystemTime(NOW + 2001);
    fill(20);
    expect(await lists.count()).toBe(20);
  });

  test('that failed is asked again', async () => {
    const count = vi.spyOn(index, 'count').mockRejectedValueOnce(new Error('away'));
    await expect(lists.count()).rejects.toThrow('away');
    count.mockRestore();
    expect(await lists.count()).toBe(0);
  });
});

describe('own writes', () => {
  test('a run that was just started is listed once', async () => {
    fill(30);
    lists.noteStarted(await toRun(fresh('own')));
    expect((await walk({ first: 10 })).flat()).toEqual(['own', ...index.rows.map(({ id }) => id)]);
  });

  test('a run that was just started is in its place, whatever the order', async () => {
    fill(30);
    lists.noteStarted(await toRun({ ...fresh('own', NOW - 1500), name: 'Name 2' }));
    expect(ids(await lists.list({ first: 2 }))).toEqual(['run-0', 'own']);
    expect(
      (await walk({ orderBy: 'NAME', first: 7 })).flat().filter((id) => id === 'own'),
    ).toHaveLength(1);
    expect((await walk({ orderBy: 'LAST_FINISHED_FIRST' })).flat()).not.toContain('own');
  });

  test('a run that was just started is on the page of its place', async () => {
    fill(30);
    lists.noteStarted(await toRun(fresh('own', NOW - 15_500)));
    const pages = await walk({ first: 10 });
    expect(pages.map((page) => page.includes('own'))).toEqual([false, true, false, false]);
    expect(pages.flat()).toHaveLength(31);
  });

  test('a run that was just started is there once when the index has it', async () => {
    fill(3);
    lists.noteStarted(await toRun(fresh('own')));
    index.rows = [fresh('own'), ...index.rows];
    expect(ids(await lists.list())).toEqual(['own', 'run-0', 'run-1', 'run-2']);
  });

  test('a run that was just started is in no list that it does not match', async () => {
    lists.noteStarted(await toRun(fresh('own')));
    expect(ids(await lists.list({ filter: { ids: ['own'] } }))).toEqual(['own']);
    expect(ids(await lists.list({ filter: { ids: ['other'] } }))).toEqual([]);
    expect(ids(await lists.list({ filter: { status: ['FAILED'] } }))).toEqual([]);
  });

  test('what the index never shows is gone after three seconds', async () => {
    lists.noteStarted(await toRun(fresh('own')));
    vi.setSystemTime(NOW + 3001);
    expect(ids(await lists.list())).toEqual([]);
  });

  test('a run that ended at once is not shown as running', async () => {
    lists.noteStarted(await toRun(fresh('own')));
    known.set('own', { ...fresh('own'), close: NOW + 50 });
    vi.setSystemTime(NOW + 300);
    const running = async () => ids(await lists.list({ filter: { status: ['RUNNING'] } }));
    expect(await running()).toEqual([]);
    known.set('own2', fresh('own2'));
    lists.noteStarted(await toRun(fresh('own2')));
    vi.setSystemTime(NOW + 600);
    expect(await running()).toEqual(['own2']);
    expect(await running()).toEqual(['own2']);
    expect(index.described).toBe(2);
  });

  test('are asked after only for the page on which they belong', async () => {
    fill(60);
    for (const id of ['own1', 'own2', 'own3']) {
      known.set(id, fresh(id));
      lists.noteStarted(await toRun(fresh(id)));
    }
    vi.setSystemTime(NOW + 300);
    const pages = await walk({ filter: { statusNot: ['FAILED'] }, first: 5 });
    expect(pages.flat()).toHaveLength(63);
    expect(index.described).toBe(3);
    vi.setSystemTime(NOW + 600);
    const { endCursor } = await lists.list({ filter: { statusNot: ['FAILED'] }, first: 5 });
    const described = index.described;
    vi.setSystemTime(NOW + 900);
    await lists.list({ filter: { statusNot: ['FAILED'] }, first: 5, after: endCursor ?? '' });
    expect(index.described).toBe(described);
  });

  test('a queued run is listed as the index will list it', async () => {
    const run = await toRun(fresh('own'));
    lists.noteStarted({ ...run, status: 'PENDING', startedAt: null });
    expect(ids(await lists.list({ filter: { status: ['RUNNING'] } }))).toEqual(['own']);
  });

  test('a run that was just aborted is aborting, and not running', async () => {
    fill(3);
    lists.noteAborting(await toRun(index.rows[0] ?? fresh('?')));
    expect((await lists.list()).runs[0]).toMatchObject({ id: 'run-0', status: 'ABORTING' });
    expect(ids(await lists.list({ filter: { status: ['RUNNING'] } }))).toEqual([]);
    expect(ids(await lists.list({ filter: { status: ['ABORTING'] } }))).toEqual(['run-0']);
  });

  test('a run that ended stays ended, though its abort was noted', async () => {
    fill(3);
    const row = index.rows[0] ?? fresh('?');
    lists.noteAborting(await toRun(row));
    index.rows[0] = { ...row, close: NOW };
    expect((await lists.list()).runs[0]).toMatchObject({ id: 'run-0', status: 'SUCCEEDED' });
  });

  test('a run that was terminated is over at once', async () => {
    fill(3);
    const run = await toRun(index.rows[0] ?? fresh('?'));
    lists.noteAborting({ ...run, status: 'ABORTED', finishedAt: new Date(NOW) });
    expect((await lists.list()).runs[0]).toMatchObject({
      status: 'ABORTED',
      finishedAt: new Date(NOW),
    });
  });

  test('a deleted run is hidden on all pages, for a minute; one that has its id since is not', async () => {
    fill(30);
    lists.noteDeleted('run-3');
    lists.noteDeleted('run-25');
    const rest = index.rows.map(({ id }) => id).filter((id) => id !== 'run-3' && id !== 'run-25');
    expect((await walk({ first: 10 })).flat()).toEqual(rest);
    vi.setSystemTime(NOW + 10);
    lists.noteStarted(await toRun(fresh('run-3', NOW + 5)));
    expect(ids(await lists.list({ first: 2 }))).toEqual(['run-3', 'run-0']);
    vi.setSystemTime(NOW + 60_001);
    expect(ids(await lists.list({ first: 100 }))).toContain('run-25');
  });
});
