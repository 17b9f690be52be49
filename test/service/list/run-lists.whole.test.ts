import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { TaskRun } from '../../../src/contract/task-run.ts';
import type { ListRequest, TaskRunFilter } from '../../../src/contract/tasks.ts';
import { openLists, walk } from './open-lists.ts';
import type { OpenLists } from './open-lists.ts';

let open: OpenLists;
beforeAll(async () => {
  open = await openLists();
});
afterAll(() => open.stop());

/** Only the runs of this file. */
const within = (filter: TaskRunFilter = {}): TaskRunFilter => ({
  definition: [...open.definitions.keys()],
  ...filter,
});
const ids = (runs: readonly TaskRun[]): readonly string[] => runs.map(({ id }) => id);

describe('a filter', () => {
  const made: Record<string, TaskRun> = {};
  const own: TaskRunFilter = { tagsNone: ['elsewhere'], idsNot: ['nobody'] };
  beforeAll(async () => {
    made['plain'] = await open.start({ name: 'Photos of May', tags: ['Red', 'dark blue'] });
    made['delayed'] = await open.start({ name: 'photos later', delay: 3_600_000, actor: 'bob' });
    made['aborting'] = await open.start({
      name: 'Stopping',
      attributes: { TaskAbort: '2026-01-01T00:00:00.000Z' },
      tags: ['red', 'green'],
    });
    made['aborted'] = await open.start({ name: '100% done_now #1 -- x', parent: 'father' });
    await open.terminate(made['aborted'].id);
    made['bare'] = await open.start({ bare: true });
    made['other'] = await open.start({
      definition: `${open.definition}Other`,
      name: 'Ünïcødé 日本 🎉',
      rerunOf: 'before',
      actor: null,
    });
    made['chained'] = await open.start({
      name: 'Chained',
      attributes: { TaskIteration: 3 },
      createdAt: new Date('2020-01-01T00:00:00.000Z'),
    });
    await vi.waitFor(async () => {
      const { runs } = await open.lists.list({ filter: within(own) });
      expect(runs).toHaveLength(7);
      expect(runs.find(({ id }) => id === made['aborted']?.id)?.status).toBe('ABORTED');
    }, WAIT);
  });

  const cases: readonly [title: string, filter: () => TaskRunFilter, found: string][] = [
    ['an id', () => ({ ids: [id('plain')] }), 'plain'],
    [
      'other ids',
      () => ({ idsNot: [id('plain'), id('bare')] }),
      'delayed aborting aborted other chained',
    ],
    ['a definition', () => ({ definition: [`${open.definition}Other`] }), 'other'],
    ['not a definition', () => ({ definitionNot: [open.definition] }), 'other'],
    ['pending', () => ({ status: ['PENDING'] }), 'delayed'],
    ['running', () => ({ status: ['RUNNING'] }), 'plain bare other chained'],
    ['aborting', () => ({ status: ['ABORTING'] }), 'aborting'],
    ['aborted', () => ({ status: ['ABORTED'] }), 'aborted'],
    ['succeeded or failed', () => ({ status: ['SUCCEEDED', 'FAILED'] }), ''],
    [
      'open',
      () => ({ status: ['PENDING', 'RUNNING', 'ABORTING'] }),
      'plain delayed aborting bare other chained',
    ],
    ['pending or over', () => ({ status: ['PENDING', 'ABORTED', 'FAILED'] }), 'delayed aborted'],
    ['not running', () => ({ statusNot: ['RUNNING'] }), 'delayed aborting aborted'],
    ['a status and not the same', () => ({ status: ['RUNNING'], statusNot: ['RUNNING'] }), ''],
    [
      'created since',
      () => ({ createdAfter: made['bare']?.createdAt ?? new Date() }),
      'bare other',
    ],
    [
      'created before',
      () => ({ createdBefore: made['aborting']?.createdAt ?? new Date() }),
      'plain delayed chained',
    ],
    [
      'created far ahead',
      () => ({ createdBefore: new Date('9999-12-31') }),
      'plain delayed aborting aborted bare other chained',
    ],
    ['scheduled', () => ({ scheduledAfter: new Date(0) }), 'delayed'],
    ['scheduled before', () => ({ scheduledBefore: new Date() }), ''],
    ['finished since', () => ({ finishedAfter: new Date(Date.now() - 600_000) }), 'aborted'],
    ['finished before', () => ({ finishedBefore: new Date(0) }), ''],
    ['any tag, whatever its case', () => ({ tagsAny: ['RED', 'none'] }), 'plain aborting'],
    ['a whole tag only', () => ({ tagsAny: ['blue'] }), ''],
    ['all tags', () => ({ tagsAll: ['red', 'green'] }), 'aborting'],
    ['no tag', () => ({ tagsNone: ['green'] }), 'plain delayed aborted bare other chained'],
    ['a parent', () => ({ parent: ['father'] }), 'aborted'],
    [
      'not a parent',
      () => ({ parentNot: ['father'] }),
      'plain delayed aborting bare other chained',
    ],
    ['top level', () => ({ topLevel: true }), 'plain delayed aborting bare other chained'],
    ['not top level', () => ({ topLevel: false }), 'aborted'],
    ['an actor', () => ({ actor: ['bob'] }), 'delayed'],
    ['not an actor', () => ({ actorNot: ['ann'] }), 'delayed bare other'],
    ['a name', () => ({ name: ['Photos of May', 'Ünïcødé 日本 🎉'] }), 'plain other'],
    ['a name with what SQL would mind', () => ({ name: ['100% done_now #1 -- x'] }), 'aborted'],
    ['a name that is the title', () => ({ name: ['Say hello'] }), 'bare'],
    [
      'not a name',
      () => ({ nameNot: ['Photos of May'] }),
      'delayed aborting aborted bare other chained',
    ],
    ['the start of a name', () => ({ namePrefix: 'Photos' }), 'plain delayed'],
    ['the start of a name, whatever its case', () => ({ namePrefix: 'pHOTOS O' }), 'plain'],
    ['the start of a name with a wildcard', () => ({ namePrefix: '100%' }), 'aborted'],
    ['the start of a title', () => ({ namePrefix: 'Say' }), 'bare'],
    ['words of a name', () => ({ search: 'may PHOTOS' }), 'plain'],
    ['words, whatever their case and accents', () => ({ search: 'UNICØDE' }), 'other'],
    ['the beginning of a word', () => ({ search: 'phot' }), 'plain delayed'],
    ['the end of a word', () => ({ search: 'hotos' }), ''],
    ['the beginning of a title', () => ({ search: 'hel' }), 'bare'],
    ['a rerun', () => ({ rerunOf: ['before'] }), 'other'],
    ['iterations from', () => ({ iterationMin: 2 }), 'chained'],
    ['iterations up to', () => ({ iterationMax: 1 }), 'plain delayed aborting aborted bare other'],
    [
      'a predicate',
      () => ({ where: { signature: 'a', test: (run) => run.name.includes('o') } }),
      'plain delayed aborting aborted bare',
    ],
  ];
  const id = (key: string): string => made[key]?.id ?? '';
  test.each(cases)('finds and counts by %s', async (_, filter, found) => {
    const asked = within({ ...own, ...filter() });
    const expected = found.split(' ').filter(Boolean).toSorted();
    const { runs } = await open.lists.list({ filter: asked });
    const keys = Object.keys(made).filter((key) => ids(runs).includes(id(key)));
    expect(keys.toSorted()).toEqual(expected);
    expect(await open.lists.count(asked)).toBe(expected.length);
    const counts = await open.lists.counts(asked);
    expect(counts.total).toBe(expected.length);
    for (const run of runs) expect(counts[run.status]).toBeGreaterThan(0);
  });
});

/** Runs of one tag, and a storm of them. */
const storm = () => {
  const tag = `storm${randomUUID()}`;
  const filter = (): TaskRunFilter => ({ definition: [open.definition], tagsAny: [tag] });
  const started: TaskRun[] = [];
  const start = async (): Promise<void> => {
    started.push(await open.start({ tags: [tag] }));
  };
  /** Starts and closes runs until it is stopped. */
  const blow = () => {
    const stop = new AbortController();
    const blown = (async () => {
      for (let turn = 0; !stop.signal.aborted; turn++) {
        await start();
        const run = started[(turn * 7) % started.length];
        if (run && turn % 2 === 0) await open.terminate(run.id).catch(() => undefined);
      }
    })();
    return async () => {
      stop.abort();
      await blown;
    };
  };
  return { filter, started, start, blow };
};

describe('while runs start and close', () => {
  test('newest first lists every run once and in order, and others before them', async () => {
    const { filter, started, start, blow } = storm();
    for (let i = 0; i < 60; i++) await start();
    await vi.waitFor(async () => expect(await open.lists.count(filter())).toBe(60), WAIT);
    const before = started.map(({ id }) => id);
    const stop = blow();
    try {
      for (let i = 0; i < 3; i++) {
        const listed = await walk(open.lists, { filter: filter(), first: 7 });
        expect(new Set(ids(listed)).size).toBe(listed.length);
        expect(
          ids(listed)
            .filter((id) => before.includes(id))
            .toSorted(),
        ).toEqual(before.toSorted());
        const times = listed.map(({ createdAt }) => createdAt.getTime());
        expect(times).toEqual(times.toSorted((a, b) => b - a));
      }
    } finally {
      await stop();
    }
  });

  test('last finished first lists every closed run once and in order', async () => {
    const { filter, started, start, blow } = storm();
    for (let i = 0; i < 40; i++) await start();
    const before = started.slice(0, 30).map(({ id }) => id);
    for (const id of before) await open.terminate(id);
    const closed: TaskRunFilter = { ...filter(), status: ['ABORTED'] };
    await vi.waitFor(
      async () => expect((await open.lists.list({ filter: closed })).runs).toHaveLength(30),
      WAIT,
    );
    const stop = blow();
    try {
      for (let i = 0; i < 3; i++) {
        const listed = await walk(open.lists, {
          filter: filter(),
          first: 7,
          orderBy: 'LAST_FINISHED_FIRST',
        });
        expect(new Set(ids(listed)).size).toBe(listed.length);
        expect(ids(listed).filter((id) => before.includes(id))).toEqual(before.toReversed());
        const times = listed.map(({ finishedAt }) => finishedAt?.getTime() ?? 0);
        expect(times).toEqual(times.toSorted((a, b) => b - a));
      }
    } finally {
      await stop();
    }
  });
});

const listing = async (request: ListRequest): Promise<number> => {
  const { made } = await open.calls.during(() => open.lists.list(request));
  expect(Object.keys(made)).toEqual(['ListWorkflowExecutions']);
  return made['ListWorkflowExecutions'] ?? 0;
};

const startWalked = async (): Promise<void> =>
  open.lists.noteStarted(await open.start({ tags: ['walked'] }));

describe('calls to Temporal', () => {
  test('are one a page, whatever the order', async () => {
    const filter: TaskRunFilter = { definition: [open.definition], tagsAny: ['calls'] };
    for (let i = 0; i < 12; i++) await open.start({ tags: ['calls'] });
    await vi.waitFor(
      async () => expect((await open.lists.list({ filter })).runs).toHaveLength(12),
      WAIT,
    );
    for (const orderBy of ['NEWEST_FIRST', 'LAST_FINISHED_FIRST', 'NAME'] as const)
      expect(await listing({ filter, orderBy, first: 5 })).toBe(1);
    const { endCursor } = await open.lists.list({ filter, first: 5 });
    expect(await listing({ filter, first: 5, after: endCursor ?? '' })).toBe(1);
  });

  test('are hardly more while runs start, and none about those that are on other pages', async () => {
    const filter = within({ tagsAny: ['walked'], statusNot: ['FAILED'] });
    for (let i = 0; i < 30; i++) await startWalked();
    await vi.waitFor(async () => expect(await open.lists.count(filter)).toBe(30), WAIT);
    const pages: Readonly<Record<string, number>>[] = [];
    const listed: string[] = [];
    for (let after: string | undefined; ;) {
      const { result, made } = await open.calls.during(() =>
        open.lists.list({ filter, first: 3, after }),
      );
      pages.push(made);
      listed.push(...ids(result.runs));
      if (!result.hasNextPage) break;
      after = result.endCursor ?? undefined;
      for (let i = 0; i < 5; i++) await startWalked();
    }
    expect(new Set(listed).size).toBe(30);
    const [, ...later] = pages;
    expect(later.filter((made) => 'DescribeWorkflowExecution' in made)).toEqual([]);
    const lists = pages.reduce((sum, made) => sum + (made['ListWorkflowExecutions'] ?? 0), 0);
    // One or two a page; the first learns how densely runs start, the last that there are no more.
    expect(lists).toBeLessThanOrEqual(2 * pages.length + 2);
  });

  test('are one for a count, one by status when nothing is open, and three else', async () => {
    const counting = async (ask: () => Promise<unknown>) => (await open.calls.during(ask)).made;
    const filter = { definition: [open.definition], ids: ['nobody'] };
    expect(await counting(() => open.lists.count(filter))).toEqual({ CountWorkflowExecutions: 1 });
    expect(await counting(() => open.lists.counts(filter))).toEqual({ CountWorkflowExecutions: 1 });
    expect(await counting(() => open.lists.counts(within()))).toEqual({
      CountWorkflowExecutions: 3,
    });
  });
});

describe('own writes', () => {
  test('are in the next list, whether Temporal lists them yet or not', async () => {
    const filter: TaskRunFilter = { definition: [open.definition], tagsAny: ['own'] };
    for (let i = 0; i < 10; i++) {
      const run = await open.start({ tags: ['own'] });
      open.lists.noteStarted(run);
      const { runs } = await open.lists.list({ filter });
      expect(ids(runs)[0]).toBe(run.id);
      expect(new Set(ids(runs)).size).toBe(i + 1);
    }
  });

  test('of the time of a run agree with the time that Temporal lists', async () => {
    const run = await open.start({ tags: ['uuid'] });
    const listed = await vi.waitFor(async () => {
      const { runs } = await open.lists.list({ filter: within({ ids: [run.id] }) });
      expect(runs).toHaveLength(1);
      return runs[0];
    }, WAIT);
    expect(listed?.createdAt).toEqual(run.createdAt);
  });

  test('take an aborted run out of what is running', async () => {
    const run = await open.start();
    const filter = within({ ids: [run.id], status: ['RUNNING'] });
    await vi.waitFor(
      async () => expect((await open.lists.list({ filter })).runs).toHaveLength(1),
      WAIT,
    );
    await open.temporal.client.workflow.getHandle(run.id).cancel();
    open.lists.noteAborting(run);
    expect((await open.lists.list({ filter })).runs).toEqual([]);
    const aborting = await open.lists.list({ filter: { ...filter, status: ['ABORTING'] } });
    expect(aborting.runs).toMatchObject([{ id: run.id, status: 'ABORTING' }]);
  });
});

test('a live list over Temporal tells what enters and what changes', async () => {
  const stop = new AbortController();
  const run = await open.start({ tags: ['live'] });
  const events: string[] = [];
  const reading = (async () => {
    const filter = within({ tagsAny: ['live'] });
    for await (const event of open.lists.watchList(filter, { signal: stop.signal }))
      events.push(
        event.type === 'LEFT'
          ? `LEFT ${event.id}`
          : `${event.type} ${event.run.id} ${event.run.status}`,
      );
  })();
  await vi.waitFor(() => expect(events).toEqual([`ENTERED ${run.id} RUNNING`]), WAIT);
  await open.terminate(run.id);
  await vi.waitFor(() => expect(events.at(-1)).toBe(`CHANGED ${run.id} ABORTED`), WAIT);
  stop.abort();
  await reading;
});

describe('hostile names', () => {
  // What Temporal can hold and find again; all else is refused, see the filter's own tests.
  const NAMES = [
    '100%',
    'under_score',
    'a%b',
    'semi;colon -- x',
    '#hash',
    '/*c*/',
    '// x',
    '(p)',
    'a,b',
    '🎉',
    'null',
    '5',
    'OR 1=1',
    'a AND b',
    'TaskName',
    'TRUE',
    '?',
    'a?b',
    'a',
    'why ? because',
    'why',
    ':x',
    '{{x}}',
    '$1',
    '<b>',
    'é',
    'ß',
    '日本',
    '-',
    '*',
  ];
  test('are found by equality and prefix, each by itself only', async () => {
    for (const name of NAMES) await open.start({ name, tags: ['hostile', name], actor: 'eve' });
    const all = within({ tagsAny: ['hostile'] });
    await vi.waitFor(async () => expect(await open.lists.count(all)).toBe(NAMES.length), WAIT);
    for (const name of NAMES) {
      const names = async (filter: TaskRunFilter) =>
        (await open.lists.list({ filter: { ...all, ...filter } })).runs.map((run) => run.name);
      expect(await names({ name: [name] })).toEqual([name]);
      expect(await names({ tagsAll: ['hostile', name] })).toEqual([name]);
      expect(await names({ namePrefix: name })).toEqual(
        NAMES.filter((one) => one.toLowerCase().startsWith(name.toLowerCase())).toReversed(),
      );
      expect(await names({ nameNot: [name] })).toHaveLength(NAMES.length - 1);
      expect(await open.lists.count({ ...all, name: [name] })).toBe(1);
    }
  });

  test('that no literal can hold are listed, and found by their words', async () => {
    const name = 'O\'Brien\'s \\ 100%: "Done" & <b>!?';
    await open.start({ name, tags: ['unspeakable'] });
    for (const filter of [{ tagsAny: ['unspeakable'] }, { search: "don b O'BRI" }])
      await vi.waitFor(async () => {
        const { runs } = await open.lists.list({ filter: within(filter) });
        expect(runs.map((run) => run.name)).toEqual([name]);
      }, WAIT);
  });
});

const WAIT = { timeout: 20_000, interval: 50 };
