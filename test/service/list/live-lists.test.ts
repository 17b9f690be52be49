import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TaskError } from '../../../src/contract/task-error.ts';
import type { TaskRunListEvent } from '../../../src/contract/tasks.ts';
import type { RunLists } from '../../../src/service/list/run-lists.ts';
import { MemoryIndex, listsOver, toRun } from './memory-index.ts';
import type { MemoryRow } from './memory-index.ts';

const NOW = Date.UTC(2026, 10, 24, 12);
let index: MemoryIndex;
let lists: RunLists;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: NOW });
  index = new MemoryIndex();
  lists = listsOver(index);
});
afterEach(() => {
  lists.close();
  vi.useRealTimers();
});

const row = (id: string, start = NOW): MemoryRow => ({ id, start });
const told = (event: TaskRunListEvent): string =>
  event.type === 'LEFT' ? `LEFT ${event.id}` : `${event.type} ${event.run.id} ${event.run.status}`;

/** Reads on its own and keeps what it was told. */
function reader(watched: AsyncIterableIterator<TaskRunListEvent>) {
  const seen: string[] = [];
  const ended = (async () => {
    for await (const event of watched) seen.push(told(event));
  })();
  ended.catch(() => undefined);
  return { ended, take: () => seen.splice(0) };
}
const pass = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);
/** What is due at once, however many turns it takes. */
const settle = (): Promise<unknown> =>
  pass(0).then(() => new Promise((done) => setImmediate(done)));

test('a reader is told what is in the list, newest first, and then what changes', async () => {
  index.rows = [row('b', NOW - 1000), row('a', NOW - 2000)];
  const { take } = reader(lists.watchList());
  await settle();
  expect(take()).toEqual(['ENTERED b RUNNING', 'ENTERED a RUNNING']);
  index.rows = [row('c'), { ...row('b', NOW - 1000), close: NOW }];
  await pass(1000);
  expect(take()).toEqual(['LEFT a', 'ENTERED c RUNNING', 'CHANGED b SUCCEEDED']);
  await pass(3000);
  expect(take()).toEqual([]);
});

test('any number of readers of equal filters cost one call a second', async () => {
  index.rows = [row('a')];
  const readers = Array.from({ length: 50 }, () => reader(lists.watchList({ ids: ['a', 'b'] })));
  readers.push(reader(lists.watchList({ ids: ['b', 'a'] })));
  await settle();
  for (const { take } of readers) expect(take()).toEqual(['ENTERED a RUNNING']);
  await pass(10_000);
  expect(index.lists).toBeGreaterThan(8);
  expect(index.lists).toBeLessThan(13);
});

test('many different lists share half of the calls that are allowed', async () => {
  for (let i = 0; i < 40; i++) reader(lists.watchList({ ids: [`run-${i}`] }));
  await settle();
  index.lists = 0;
  await pass(20_000);
  expect(index.lists / 20).toBeLessThan(index.rate * 0.6);
});

test('a reader that comes late is told what is there now', async () => {
  index.rows = [row('a')];
  reader(lists.watchList());
  await pass(5000);
  index.rows = [row('b')];
  await pass(1000);
  const late = reader(lists.watchList());
  await settle();
  expect(late.take()).toEqual(['ENTERED b RUNNING']);
});

test('a slow reader is told the difference to what it knows, not what happened meanwhile', async () => {
  index.rows = [row('a')];
  const watched = lists.watchList();
  expect(told((await watched.next()).value as TaskRunListEvent)).toBe('ENTERED a RUNNING');
  for (let i = 0; i < 20; i++) {
    index.rows = [row(`b${i}`)];
    await pass(1000);
  }
  const { take } = reader(watched);
  await settle();
  expect(take()).toEqual(['LEFT a', 'ENTERED b19 RUNNING']);
});

test('own writes are told at once, with no call', async () => {
  index.rows = [row('a', NOW - 1000), row('b', NOW - 2000)];
  const { take } = reader(lists.watchList());
  await settle();
  take();
  index.lists = 0;
  lists.noteStarted(await toRun(row('own')));
  await settle();
  expect(take()).toEqual(['ENTERED own RUNNING']);
  lists.noteAborting(await toRun(row('a', NOW - 1000)));
  await settle();
  expect(take()).toEqual(['CHANGED a ABORTING']);
  lists.noteDeleted('b');
  await settle();
  expect(take()).toEqual(['LEFT b']);
  expect(index.lists).toBe(0);
});

test('an own run does not flicker when another list has seen it first', async () => {
  const { take } = reader(lists.watchList());
  await settle();
  // As a trigger answers it: with more than a row has, and queued.
  const run = { ...(await toRun(row('own'))), status: 'PENDING' as const, startedAt: null };
  lists.noteStarted(Object.assign(run, { deduplicated: false }));
  await settle();
  expect(take()).toEqual(['ENTERED own RUNNING']);
  await pass(100);
  index.rows = [row('own')];
  await lists.list();
  lists.noteDeleted('unrelated');
  await pass(2000);
  expect(take()).toEqual([]);
});

test('the list holds the newest 100', async () => {
  index.rows = Array.from({ length: 150 }, (_, i) => row(`run-${i}`, NOW - i * 1000));
  const { take } = reader(lists.watchList());
  await settle();
  const entered = take();
  expect(entered).toHaveLength(100);
  expect(entered.at(-1)).toBe('ENTERED run-99 RUNNING');
  index.rows.unshift(row('newest', NOW + 1));
  await pass(1000);
  expect(take()).toEqual(['LEFT run-99', 'ENTERED newest RUNNING']);
});

test('the signal, the reader or the service ends it, and the calls with it', async () => {
  const stop = new AbortController();
  const bySignal = reader(lists.watchList({}, { signal: stop.signal }));
  const watched = lists.watchList({ ids: ['x'] });
  const byReader = reader(watched);
  await settle();
  stop.abort();
  await watched.return?.();
  await bySignal.ended;
  await byReader.ended;
  index.lists = 0;
  await pass(5000);
  expect(index.lists).toBe(0);
  const byService = reader(lists.watchList());
  await settle();
  lists.close();
  await byService.ended;
});

test('a short absence of Temporal is not noticed; a long one ends the list with its error', async () => {
  index.rows = [row('a')];
  const { take, ended } = reader(lists.watchList());
  await settle();
  take();
  const away = new TaskError('UNAVAILABLE', 'Temporal cannot be reached.');
  const list = vi.spyOn(index, 'list').mockRejectedValue(away);
  await pass(10_000);
  list.mockRestore();
  index.rows = [row('b'), row('a')];
  await pass(2000);
  expect(take()).toEqual(['ENTERED b RUNNING']);
  vi.spyOn(index, 'list').mockRejectedValue(away);
  await pass(40_000);
  await expect(ended).rejects.toBe(away);
});

test('a list that cannot be read at first ends at once, and is read anew by the next reader', async () => {
  const list = vi.spyOn(index, 'list').mockRejectedValueOnce(new TaskError('UNAVAILABLE', 'away'));
  await expect(lists.watchList().next()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  list.mockRestore();
  index.rows = [row('a')];
  const { take } = reader(lists.watchList());
  await settle();
  expect(take()).toEqual(['ENTERED a RUNNING']);
});

test('a wrong filter is refused before anything is asked', () => {
  expect(() => lists.watchList({ ids: ["'"] })).toThrow(
    expect.objectContaining({ code: 'INVALID_FILTER' }),
  );
});

test('a tenant with many lists slows down its own, and another one sees its runs at once', async () => {
  for (let i = 0; i < 40; i++) reader(lists.watchList({ tenant: 'acme', ids: [`acme~${i}`] }));
  const { take } = reader(lists.watchList({ tenant: 'beta' }));
  await settle();
  take();
  index.lists = 0;
  for (let n = 0; n < 10; n++) {
    index.rows = [row(`beta~run-${n}`)];
    await pass(1000);
    expect(take()).toContain(`ENTERED beta~run-${n} RUNNING`);
  }
  // Each has half of the half that live lists may take; one list asks once a second and no more.
  expect(index.lists / 10).toBeLessThan((index.rate / 4) * 1.2 + 1.1);
});

test('of one tenant so many lists are watched, and another one has its own', async () => {
  for (let i = 0; i < 100; i++) reader(lists.watchList({ tenant: 'acme', ids: [`acme~${i}`] }));
  await expect(lists.watchList({ tenant: 'acme' }).next()).rejects.toMatchObject({
    code: 'RATE_LIMITED',
  });
  index.rows = [row('beta~a')];
  expect(await lists.watchList({ tenant: 'beta' }).next()).toMatchObject({
    value: { type: 'ENTERED' },
  });
});
