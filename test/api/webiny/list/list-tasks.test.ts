import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TaskRun } from '../../../../src/contract/task-run.ts';
import { testGateway, type TestGateway } from '../../support/app.ts';

let gateway: TestGateway;
const begin = async () => {
  gateway = await testGateway();
};

const LIST = `query (
  $where: WebinyBackgroundTaskListWhereInput
  $sort: [WebinyBackgroundTaskListSorter!]
  $limit: Int
  $after: String
  $search: String
) {
  backgroundTasks {
    listTasks(where: $where, sort: $sort, limit: $limit, after: $after, search: $search) {
      data { id name }
      meta { cursor hasMoreItems totalCount }
      error { message code data }
    }
  }
}`;
const list = async (variables: object) => (await gateway.ask(LIST, variables)).listTasks;
const names = async (where: object, more: object = {}): Promise<readonly string[]> => {
  const { data, meta, error } = await list({ where, ...more });
  expect(error).toBeNull();
  expect(meta.totalCount).toBe(data.length);
  return data.map((run: TaskRun) => run.name);
};

/** Newest first: stopping, bad, good, working, waiting. */
async function five() {
  const { service } = gateway;
  const ann = service.as({ name: 'ann' });
  const trigger = async (name: string, definition: 'testingRun' | 'importPages' = 'testingRun') =>
    (
      await ann.trigger({
        definition,
        name,
        input: { model: 'page', amount: 1 },
        ...(definition === 'importPages' && { parent: { id: 'parent-1' } }),
      })
    ).id;
  const ids = {
    waiting: await trigger('waiting Room'),
    working: await trigger('working'),
    good: await trigger('good', 'importPages'),
    bad: await trigger('bad', 'importPages'),
    stopping: await trigger('stopping'),
  };
  service.start(ids.working);
  for (let i = 1; i < 3; i++) service.iterate(ids.working);
  service.start(ids.good);
  service.start(ids.bad);
  service.start(ids.stopping);
  await ann.abort({ id: ids.stopping });
  service.fail(ids.bad, new Error('No'));
  service.succeed(ids.good);
  return ids;
}

async function many(count: number) {
  for (let i = 0; i < count; i++)
    await gateway.service.trigger({ definition: 'testingRun', input: {}, name: `run ${i}` });
}

describe('filters', () => {
  let ids: Awaited<ReturnType<typeof five>>;
  beforeAll(async () => {
    await begin();
    ids = await five();
  });

  const ALL = ['stopping', 'bad', 'good', 'working', 'waiting Room'];
  test.each<[object, readonly string[]]>([
    [{}, ALL],
    [{ name: 'good' }, ['good']],
    [{ name: null }, []],
    [{ name_not: 'good' }, ['stopping', 'bad', 'working', 'waiting Room']],
    [{ name_in: ['good', 'bad', null] }, ['bad', 'good']],
    [{ name_in: [] }, []],
    [{ name_not_in: [] }, ALL],
    [{ name_not_in: ['good', 'bad'] }, ['stopping', 'working', 'waiting Room']],
    [{ name_contains: 'ROOM wait' }, ['waiting Room']],
    [{ name_not_contains: 'o' }, ['bad']],
    [{ name_startsWith: 'WO' }, ['working']],
    [{ name_not_startsWith: 'w' }, ['stopping', 'bad', 'good']],
    [{ definitionId: 'importPages' }, ['bad', 'good']],
    [{ definitionId: 'importPages', definitionId_not: 'importPages' }, []],
    [{ definitionId_in: ['importPages'], definitionId: 'testingRun' }, []],
    [{ definitionId_startsWith: 'import' }, ['bad', 'good']],
    [{ parentId: 'parent-1' }, ['bad', 'good']],
    [{ parentId: null }, ['stopping', 'working', 'waiting Room']],
    [{ parentId_not: null }, ['bad', 'good']],
    [{ parentId: null, parentId_not: null }, []],
    [{ parentId_not: 'parent-1' }, ['stopping', 'working', 'waiting Room']],
    [{ parentId_in: [null] }, ['stopping', 'working', 'waiting Room']],
    [{ taskStatus: 'pending' }, ['waiting Room']],
    [{ taskStatus: 'running' }, ['working']],
    [{ taskStatus: 'success' }, ['good']],
    [{ taskStatus: 'failed' }, ['bad']],
    [{ taskStatus: 'aborted' }, ['stopping']],
    [{ taskStatus: 'RUNNING' }, []],
    [{ taskStatus_not: 'running' }, ['stopping', 'bad', 'good', 'waiting Room']],
    [{ taskStatus_in: ['running', 'pending'] }, ['working', 'waiting Room']],
    [{ taskStatus_contains: 'ED' }, ['stopping', 'bad']],
    [{ iterations: 0 }, ['waiting Room']],
    [{ iterations_gt: 1 }, ['working']],
    [{ iterations_gte: 1 }, ['stopping', 'bad', 'good', 'working']],
    [{ iterations_lt: 1 }, ['waiting Room']],
    [{ iterations_between: [2, 3] }, ['working']],
    [{ iterations_not_between: [0, 1] }, ['working']],
    [{ iterations_in: [0, 3] }, ['working', 'waiting Room']],
    [{ executionName: '' }, ['waiting Room']],
    [{ executionName_not: '' }, ['stopping', 'bad', 'good', 'working']],
    [{ startedOn: null }, ['waiting Room']],
    [{ startedOn_gt: '2000-01-01T00:00:00Z' }, ['stopping', 'bad', 'good', 'working']],
    [{ finishedOn: null }, ['stopping', 'working', 'waiting Room']],
    [{ finishedOn_not: null }, ['bad', 'good']],
    [{ finishedOn_gt: '2000-01-01T00:00:00Z' }, ['bad', 'good']],
    [{ finishedOn_lt: '2000-01-01T00:00:00Z' }, []],
    [{ createdOn_gte: '2000-01-01T00:00:00Z' }, ALL],
    [{ createdOn_lt: '2000-01-01T00:00:00Z' }, []],
    [{ createdOn: null }, []],
    [{ createdOn_between: ['2000-01-01T00:00:00Z', '2100-01-01T00:00:00Z'] }, ALL],
    [{ createdOn_not_between: ['2000-01-01T00:00:00Z', '2100-01-01T00:00:00Z'] }, []],
    [{ createdBy: 'ann' }, ALL],
    [{ createdBy_not: 'ann' }, []],
    [{ savedBy_in: ['bob'] }, []],
    [{ modifiedBy: null }, ALL],
    [{ modifiedOn: null }, ['waiting Room']],
    [{ deletedOn: null }, ALL],
    [{ deletedOn_gt: '2000-01-01T00:00:00Z' }, []],
    [{ deletedBy_not: 'ann' }, ALL],
    [{ revisionFirstPublishedBy: 'ann' }, []],
    // The status of an entry, not of the run.
    [{ status: 'draft' }, ALL],
    [{ status: 'running' }, []],
    [{ status_not: 'running' }, ALL],
  ])('%j', async (where, expected) => {
    expect(await names(where)).toEqual(expected);
  });

  test('by ids', async () => {
    const { good, bad } = ids;
    expect(await names({ id: good })).toEqual(['good']);
    expect(await names({ entryId: good })).toEqual(['good']);
    expect(await names({ id_in: [good, bad] })).toEqual(['bad', 'good']);
    expect(await names({ id_not_in: [good, bad], id_not: good })).toHaveLength(3);
    expect(await names({ id_in: [good, bad], id_not: good })).toEqual(['bad']);
    expect(await names({ executionName: good })).toEqual(['good']);
  });

  test('by times to the millisecond', async () => {
    const { good } = ids;
    const { createdAt: at, finishedAt } = await gateway.service.get(good);
    for (const [where, expected] of [
      [{ createdOn: at }, ['good']],
      [{ createdOn_gt: at }, ['stopping', 'bad']],
      [{ createdOn_gte: at }, ['stopping', 'bad', 'good']],
      [{ createdOn_lt: at }, ['working', 'waiting Room']],
      [{ revisionCreatedOn_lte: at }, ['good', 'working', 'waiting Room']],
      [{ createdOn_between: [at, at] }, ['good']],
      [{ finishedOn: finishedAt }, ['good']],
      [{ finishedOn_in: [finishedAt, null] }, ['stopping', 'good', 'working', 'waiting Room']],
    ] as const)
      expect([where, await names(where)]).toEqual([where, expected]);
  });

  test.each<[string, readonly string[]]>([
    ['ROOM waiting', ['waiting Room']],
    ['success', ['good']],
    ['import', ['bad', 'good']],
    ['parent-1', ['bad', 'good']],
    ['good success', []],
    ['  ', ['stopping', 'bad', 'good', 'working', 'waiting Room']],
  ])('search %j', async (search, expected) => {
    expect(await names({}, { search })).toEqual(expected);
  });

  test.each<[object, string]>([
    [{ iterations_between: [1] }, 'FILTER_ERROR'],
    [{ createdOn_between: ['2000-01-01T00:00:00Z'] }, 'FILTER_ERROR'],
    [{ name_in: null }, 'COMPARE_VALUE_ERROR'],
    [{ name_contains: null }, 'COMPARE_VALUE_ERROR'],
    [{ createdOn_gt: null }, 'COMPARE_VALUE_ERROR'],
    [{ name_contains: 'x'.repeat(1001) }, 'COMPARE_VALUE_ERROR'],
    [{ startedOn_in: Array.from({ length: 1001 }, () => null) }, 'COMPARE_VALUE_ERROR'],
    [{ deletedOn_gt: null }, 'COMPARE_VALUE_ERROR'],
  ])('%j is %s', async (where, code) => {
    expect(await list({ where })).toMatchObject({ data: null, meta: null, error: { code } });
  });

  test('an unknown key is a validation error', async () => {
    const { body } = await gateway.post(LIST, { where: { OR: [] } });
    expect(body.errors[0].message).toMatch(/Field "OR" is not defined/);
  });

  test.each([
    "O'Brien",
    String.raw`\' OR TemporalNamespaceDivision='x`,
    "' OR 1=1 --",
    'a"b',
    '`x`',
    'a\\',
    ' padded ',
    '__proto__',
    '💥',
    '%_*',
    '(a+)+$',
  ])('a name of %j is found by every operator, and finds nothing else', async (name) => {
    const { service } = gateway;
    const { id } = await service.trigger({ definition: 'testingRun', input: {}, name });
    expect(await names({ name })).toEqual([name]);
    expect(await names({ name_in: [name] })).toEqual([name]);
    expect(await names({ name_not: name })).toHaveLength(5);
    expect(await names({ name_contains: name.trim() })).toEqual([name]);
    expect(await names({ name_startsWith: name })).toEqual([name]);
    for (const key of [
      'id',
      'parentId',
      'definitionId',
      'executionName',
      'taskStatus',
      'createdBy',
    ])
      expect(await names({ [key]: name })).toEqual([]);
    await service.delete(id);
  });
});

describe('what Temporal is asked', () => {
  beforeEach(begin);

  test('is everything that it can answer', async () => {
    await five();
    const asked = { name: 'good', definitionId: 'importPages', taskStatus_in: ['success'] };
    const { data } = await list({
      where: {
        ...asked,
        createdOn_gt: '2000-01-01T00:00:00Z',
        createdBy: 'ann',
        parentId_not: null,
      },
    });
    expect(data).toHaveLength(1);
  });

  test('is nothing when nothing can match', async () => {
    await five();
    await list({ where: { taskStatus: 'nothing' } });
    await list({ where: { deletedBy: 'ann' } });
    expect(gateway.service.calls.list).toBeUndefined();
  });

  test('and counts only when the count is selected and not known already', async () => {
    await five();
    const count = () => gateway.service.calls.count ?? 0;
    await gateway.ask(
      '{ backgroundTasks { listTasks(limit: 2) { data { id } meta { cursor } } } }',
    );
    await list({});
    expect(count()).toBe(0);
    expect((await list({ limit: 2 })).meta.totalCount).toBe(5);
    expect(count()).toBe(1);
    await gateway.ask(
      '{ backgroundTasks { ...Page } } fragment Page on WebinyBackgroundTaskQuery { listTasks(limit: 2) { ... { meta { totalCount } } } }',
    );
    expect(count()).toBe(2);
  });
});

describe('order', () => {
  beforeAll(async () => {
    await begin();
    await five();
  });

  test.each<[string | readonly string[] | null, readonly string[]]>([
    [null, ['stopping', 'bad', 'good', 'working', 'waiting Room']],
    [[], ['stopping', 'bad', 'good', 'working', 'waiting Room']],
    ['createdOn_ASC', ['waiting Room', 'working', 'good', 'bad', 'stopping']],
    ['revisionCreatedOn_DESC', ['stopping', 'bad', 'good', 'working', 'waiting Room']],
    ['name_ASC', ['bad', 'good', 'stopping', 'waiting Room', 'working']],
    ['values_name_DESC', ['working', 'waiting Room', 'stopping', 'good', 'bad']],
    ['definitionId_ASC', ['bad', 'good', 'stopping', 'working', 'waiting Room']],
    ['taskStatus_ASC', ['stopping', 'bad', 'waiting Room', 'working', 'good']],
    ['values_taskStatus_DESC', ['good', 'working', 'waiting Room', 'bad', 'stopping']],
    ['startedOn_ASC', ['working', 'good', 'bad', 'stopping', 'waiting Room']],
    ['finishedOn_DESC', ['good', 'bad', 'stopping', 'working', 'waiting Room']],
    ['values_finishedOn_ASC', ['bad', 'good', 'stopping', 'working', 'waiting Room']],
    ['iterations_DESC', ['working', 'stopping', 'bad', 'good', 'waiting Room']],
    ['savedOn_DESC', ['good', 'bad', 'stopping', 'working', 'waiting Room']],
    ['deletedOn_ASC', ['stopping', 'bad', 'good', 'working', 'waiting Room']],
    ['parentId_ASC', ['bad', 'good', 'stopping', 'working', 'waiting Room']],
  ])('%j, in pages of every size', async (sort, expected) => {
    for (const limit of [1, 2, 3, 5]) {
      const seen: string[] = [];
      let after: string | null = null;
      do {
        const { data, meta, error } = await list({ sort, limit, after });
        expect(error).toBeNull();
        expect(meta).toEqual({
          cursor: meta.hasMoreItems ? expect.any(String) : null,
          hasMoreItems: seen.length + data.length < 5,
          totalCount: 5,
        });
        seen.push(...data.map((run: TaskRun) => run.name));
        after = meta.cursor;
      } while (after !== null);
      expect(seen).toEqual(expected);
    }
  });

  test('by two fields is refused', async () => {
    expect(await list({ sort: ['name_ASC', 'createdOn_DESC'] })).toEqual({
      data: null,
      meta: null,
      error: {
        message: 'Sorting is limited to a single field.',
        code: 'SORT_MULTIPLE_FIELDS_ERROR',
        data: null,
      },
    });
  });
});

describe('pages', () => {
  beforeEach(begin);

  test.each([undefined, null, 0, -5])('of 50 for a limit of %j', async (limit) => {
    await many(51);
    const { data, meta } = await list({ limit });
    expect(data).toHaveLength(50);
    expect(meta).toMatchObject({ hasMoreItems: true, totalCount: 51 });
  });

  test('of more than 100, and at most 1,000', async () => {
    await many(1001);
    expect((await list({ limit: 250 })).data).toHaveLength(250);
    const { data, meta } = await list({ limit: 1_000_000 });
    expect(data).toHaveLength(1000);
    expect(meta).toMatchObject({ hasMoreItems: true, totalCount: 1001 });
    expect((await list({ limit: 10, after: meta.cursor })).data).toHaveLength(1);
  });

  test('of at most 250 with their logs, and a cursor that goes on', async () => {
    await many(251);
    const withLogs = LIST.replace('data { id name }', 'data { id logs { id } }');
    const page = async (variables: object) => (await gateway.ask(withLogs, variables)).listTasks;
    const { data, meta } = await page({ limit: 1000 });
    expect(data).toHaveLength(250);
    expect(meta).toMatchObject({ hasMoreItems: true, totalCount: 251 });
    const rest = await page({ limit: 1000, after: meta.cursor });
    expect(rest.data).toHaveLength(1);
    expect(rest.meta).toMatchObject({ hasMoreItems: false });
  });

  test.each(['garbage', 'IjUwIg==', 'bnVsbA==', '', btoa('"0 forged"'), btoa('"9 x"')])(
    'a cursor that is not ours, %j, begins at the start',
    async (after) => {
      await many(2);
      expect((await list({ after })).data.map((run: TaskRun) => run.name)).toEqual([
        'run 1',
        'run 0',
      ]);
    },
  );

  test('a cursor is a JSON text in base64', async () => {
    await many(2);
    const { cursor } = (await list({ limit: 1 })).meta;
    expect(JSON.parse(Buffer.from(cursor, 'base64').toString())).toEqual(expect.any(String));
  });

  test('what would need more than 1,000 runs to be looked at is an error, not a wrong list', async () => {
    await many(1001);
    expect(await list({ where: { name_contains: 'run 0' } })).toEqual({
      data: null,
      meta: null,
      error: {
        message: expect.stringContaining('`name_contains`'),
        code: 'LIST_ENTRIES_ERROR',
        data: { keys: ['name_contains'], scanned: 1000 },
      },
    });
    for (const sort of ['savedOn_ASC', 'name_ASC'])
      expect(await list({ sort })).toMatchObject({
        data: null,
        error: { message: expect.stringContaining('sorted'), code: 'LIST_ENTRIES_ERROR' },
      });
    expect((await list({ where: { name: 'run 0' } })).data).toHaveLength(1);
  });
});

test('a page asks once for each run, for what is selected', async () => {
  await begin();
  await five();
  const { data } = (
    await gateway.ask(
      `{ backgroundTasks { listTasks { data { id input output eventResponse again: input logs { items { message } task { logs { id } } } } } } }`,
    )
  ).listTasks;
  expect(data).toHaveLength(5);
  expect(gateway.service.calls).toMatchObject({ list: 1, input: 5, logs: 5 });
  // Of the failed, the succeeded and the stopping one.
  expect(gateway.service.calls.outcome).toBe(3);
});
