import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { testGateway, type TestGateway } from '../../support/app.ts';

let gateway: TestGateway;
const LIST = `query (
  $where: WebinyBackgroundTaskLogListWhereInput
  $sort: [WebinyBackgroundTaskLogListSorter!]
  $limit: Int
  $after: String
  $search: String
) {
  backgroundTasks {
    listLogs(where: $where, sort: $sort, limit: $limit, after: $after, search: $search) {
      data { id createdOn createdBy { id displayName type } iteration items { message type } task { id } }
      meta { cursor hasMoreItems totalCount }
      error { message code data }
    }
  }
}`;
const list = async (variables: object = {}) => (await gateway.ask(LIST, variables)).listLogs;
const ids = async (variables: object): Promise<readonly string[]> => {
  const { data, error } = await list(variables);
  expect(error).toBeNull();
  return data.map(({ id }: { id: string }) => id);
};

/** A run of so many iterations that says one line in each. */
async function run(iterations: number): Promise<string> {
  const { service } = gateway;
  const { id } = await service.as({ name: 'ann' }).trigger({ definition: 'testingRun', input: {} });
  service.start(id);
  for (let i = 1; i <= iterations; i++) {
    if (i > 1) service.iterate(id);
    service.log(id, { message: `Round ${i}`, level: i === 2 ? 'ERROR' : 'INFO' });
  }
  return id;
}

describe('of some runs', () => {
  let [one, three, waiting] = ['', '', ''];
  beforeAll(async () => {
    gateway = await testGateway();
    one = await run(1);
    three = await run(3);
    waiting = (await gateway.service.trigger({ definition: 'testingRun', input: {} })).id;
  });

  test('each iteration has a record, in order, with all of its lines', async () => {
    const { data } = await list({ where: { task: three }, sort: 'iteration_ASC' });
    expect(
      data.map(({ iteration, items }: { iteration: number; items: { message: string }[] }) => [
        iteration,
        ...items.map(({ message }) => message),
      ]),
    ).toEqual([
      [1, 'Triggered by ann', 'Round 1'],
      [2, 'Round 2'],
      [3, 'Round 3'],
    ]);
    expect(data[0].createdBy).toEqual({ id: 'ann', displayName: 'ann', type: null });
    expect(data[0].task).toEqual({ id: three });
  });

  test('the newest record comes first', async () => {
    expect(await ids({ where: { task: three } })).toEqual([
      `${three}#3`,
      `${three}#2`,
      `${three}#1`,
    ]);
    expect(await ids({})).toEqual([
      `${waiting}#1`,
      `${three}#3`,
      `${three}#2`,
      `${three}#1`,
      `${one}#1`,
    ]);
  });

  test('filters', async () => {
    const cases: readonly (readonly [object, readonly string[]])[] = [
      [{ task: 'nope' }, []],
      [{ task_in: [one, three, 'nope'], iteration: 1 }, [`${three}#1`, `${one}#1`]],
      [{ task_not: three }, [`${waiting}#1`, `${one}#1`]],
      [{ task_startsWith: three }, [`${three}#3`, `${three}#2`, `${three}#1`]],
      [{ id: `${three}#2` }, [`${three}#2`]],
      [{ entryId_in: [`${three}#2`, `${one}#1`] }, [`${three}#2`, `${one}#1`]],
      [{ id: `${three}#2`, task: one }, []],
      [{ iteration_gte: 2 }, [`${three}#3`, `${three}#2`]],
      [{ executionName: one }, [`${one}#1`]],
      [{ executionName: '' }, [`${waiting}#1`]],
      [{ items: { type: 'error' } }, [`${three}#2`]],
      [
        { items: { message_contains: 'round', type: 'info' } },
        [`${three}#3`, `${three}#1`, `${one}#1`],
      ],
      [{ items: { message: 'Round 2', type: 'info' } }, []],
      [{ items: { createdOn_gt: '2100-01-01T00:00:00Z' } }, []],
      [{ createdBy: 'unknown' }, [`${waiting}#1`]],
      [{ createdBy_not: 'unknown', task: one }, [`${one}#1`]],
      [{ deletedOn: null, status: 'draft', task: one }, [`${one}#1`]],
    ];
    for (const [where, expected] of cases)
      expect([where, await ids({ where })]).toEqual([where, expected]);
  });

  test('search looks into lines', async () => {
    expect(await ids({ search: 'ROUND 3' })).toEqual([`${three}#3`]);
    expect(await ids({ search: three })).toHaveLength(3);
    expect(await ids({ search: 'nowhere' })).toEqual([]);
  });

  test('orders', async () => {
    const reversed = [`${three}#1`, `${three}#2`, `${three}#3`];
    for (const sort of ['createdOn_ASC', 'iteration_ASC', 'values_iteration_ASC', 'id_ASC'])
      expect([sort, await ids({ where: { task: three }, sort })]).toEqual([sort, reversed]);
    expect(await list({ sort: ['id_ASC', 'task_ASC'] })).toMatchObject({
      error: { code: 'SORT_MULTIPLE_FIELDS_ERROR' },
    });
  });

  test.each([{}, { where: { iteration_gte: 1 } }, { sort: 'iteration_ASC' }])(
    'pages of every size: %j',
    async (asked) => {
      const all = await ids(asked);
      for (const limit of [1, 2, 3, 5]) {
        const seen: string[] = [];
        let after: string | null = null;
        do {
          const { data, meta } = await list({ ...asked, limit, after });
          seen.push(...data.map(({ id }: { id: string }) => id));
          expect(meta).toMatchObject({ hasMoreItems: seen.length < 5, totalCount: 5 });
          after = meta.cursor;
        } while (after !== null);
        expect(seen).toEqual(all);
      }
    },
  );

  test.each(['garbage', btoa('"x"'), btoa(JSON.stringify('{"after":"x"}')), btoa('"-1"')])(
    'the cursor %j means from the start',
    async (after) => {
      expect(await ids({ after, limit: 1 })).toEqual([`${waiting}#1`]);
      expect(await ids({ after, limit: 1, where: { task: three } })).toEqual([`${three}#3`]);
    },
  );

  test('a run shows its own logs, whatever run its filter names', async () => {
    const query = `query ($id: ID!, $where: WebinyBackgroundTaskLogListWhereInput, $limit: Number, $sort: [WebinyBackgroundTaskLogListSorter!]) {
      backgroundTasks { getTask(id: $id) { data { logs(where: $where, limit: $limit, sort: $sort) { id } } } }
    }`;
    const logs = async (variables: object) =>
      (await gateway.ask(query, { id: three, ...variables })).getTask.data.logs.map(
        ({ id }: { id: string }) => id,
      );
    expect(await logs({})).toEqual([`${three}#1`, `${three}#2`, `${three}#3`]);
    expect(await logs({ where: { task: one, iteration_gt: 1 } })).toEqual([
      `${three}#2`,
      `${three}#3`,
    ]);
    expect(await logs({ limit: 1, sort: 'iteration_DESC' })).toEqual([`${three}#3`]);
  });
});

describe('at its bounds', () => {
  beforeEach(async () => {
    gateway = await testGateway();
  });

  test('the log of a deleted run is gone and breaks nothing', async () => {
    const [kept, gone] = [await run(1), await run(1)];
    await gateway.service.delete(gone);
    expect(await ids({})).toEqual([`${kept}#1`]);
    expect(await ids({ where: { task: gone } })).toEqual([]);
    expect(await ids({ where: { task_in: [kept, gone] } })).toEqual([`${kept}#1`]);
  });

  test('a run that is deleted between two pages takes no other with it', async () => {
    const [old, gone] = [await run(3), await run(3)];
    const { data, meta } = await list({ limit: 2 });
    expect(data.map(({ id }: { id: string }) => id)).toEqual([`${gone}#3`, `${gone}#2`]);
    await gateway.service.delete(gone);
    expect(await ids({ after: meta.cursor })).toEqual([`${old}#3`, `${old}#2`, `${old}#1`]);
  });

  test('a line that says much is whole, and many lines end with a note', async () => {
    const id = await run(1);
    for (let i = 0; i < 10_500; i++) gateway.service.log(id, { message: `line ${i}` });
    const { data } = await list({ where: { task: id } });
    const { items } = data[0];
    expect(items).toHaveLength(10_001);
    expect(items.at(-1).message).toMatch(/^The log goes on/);
  });

  test('logs that are too long for one answer are an error, in an envelope and beside one', async () => {
    const ids = [await run(1), await run(1)];
    for (const id of ids)
      for (let i = 0; i < 2300; i++)
        gateway.service.log(id, { message: 'x'.repeat(4096), data: { y: 'y'.repeat(4096) } });
    const error = { message: expect.stringContaining('32 MiB'), code: 'LIMIT_EXCEEDED' };
    expect(await list({ where: { task_in: ids } })).toMatchObject({ data: null, error });
    const { body } = await gateway.post(
      '{ backgroundTasks { listTasks { data { logs { id } } } } }',
    );
    expect(body.errors[0]).toMatchObject({
      message: error.message,
      extensions: { code: error.code },
    });
    const [id] = ids;
    const { listLogs } = await gateway.ask(
      `{ backgroundTasks { listLogs(where: { task: "${id}" }) { data { id } error { code } } } }`,
    );
    expect(listLogs.error).toBeNull();
  });

  test('over all of many runs, only newest first without a filter', async () => {
    for (let i = 0; i < 101; i++)
      await gateway.service.trigger({ definition: 'testingRun', input: {} });
    expect((await list({ limit: 101 })).data).toHaveLength(101);
    expect((await list({ limit: 5 })).meta).toMatchObject({ totalCount: 101 });
    for (const asked of [{ sort: 'id_ASC' }, { search: 'x' }, { where: { iteration: 1 } }])
      expect(await list(asked)).toMatchObject({
        data: null,
        meta: null,
        error: { message: expect.stringContaining('`task`'), code: 'LIST_ENTRIES_ERROR' },
      });
  });
});
