import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defined, gatewayOf, moduleOf } from './support.ts';

async function listed() {
  const made = gatewayOf(
    moduleOf(
      defined('copyFiles', z.object({ folder: z.string() })),
      defined('countWords', z.object({})),
    ),
  );
  const trigger = async (definition: string, options: object = {}) =>
    (
      await made.read(
        'mutation ($definition: ID!, $input: JSON, $options: TriggerOptions) { triggerTask(definition: $definition, input: $input, options: $options) { ... on TaskRunTriggered { run { id } } } }',
        { definition, input: definition === 'copyFiles' ? { folder: 'a' } : {}, options },
      )
    ).triggerTask.run.id as string;
  const a = await trigger('copyFiles', { name: 'Old photos', tags: ['x', 'y'] });
  const b = await trigger('copyFiles', { name: 'New photos', tags: ['y'], parent: a });
  const c = await trigger('countWords', { name: 'Words' });
  made.tasks.start(a);
  made.tasks.fail(a, new Error('disk full'));
  made.tasks.start(c);
  const names = async (filter: object) =>
    (
      await made.read(
        'query ($filter: TaskRunFilter) { taskRuns(filter: $filter) { nodes { name } } }',
        { filter },
      )
    ).taskRuns.nodes.map(({ name }: { name: string }) => name);
  return { ...made, a, b, c, names };
}

describe('a filter', () => {
  test.each([
    ['nothing', {}, ['Words', 'New photos', 'Old photos']],
    ['definition', { definition: { in: ['countWords'] } }, ['Words']],
    ['another definition', { definition: { notIn: ['countWords'] } }, ['New photos', 'Old photos']],
    ['status', { status: { in: ['FAILED', 'RUNNING'] } }, ['Words', 'Old photos']],
    ['no status', { status: { notIn: ['FAILED'] } }, ['Words', 'New photos']],
    ['any tag', { tags: { any: ['X', 'z'] } }, ['Old photos']],
    ['all tags', { tags: { all: ['x', 'y'] } }, ['Old photos']],
    ['no tag', { tags: { none: ['x'] } }, ['Words', 'New photos']],
    ['top level', { topLevel: true }, ['Words', 'Old photos']],
    ['name', { name: { in: ['Words'] } }, ['Words']],
    ['start of the name', { name: { startsWith: 'New' } }, ['New photos']],
    ['the start of the name, in any case', { name: { startsWith: 'nEW P' } }, ['New photos']],
    ['what somebody types', { search: 'PHO old' }, ['Old photos']],
    ['nothing that was typed', { search: '' }, ['Words', 'New photos', 'Old photos']],
    ['nothing chosen', { status: { in: [] } }, ['Words', 'New photos', 'Old photos']],
    ['actor', { triggeredBy: { in: ['bob'] } }, []],
    ['not this actor', { triggeredBy: { notIn: ['bob'] } }, ['Words', 'New photos', 'Old photos']],
    ['iteration', { iteration: { min: 2 } }, []],
    ['time', { createdAt: { after: '2100-01-01T00:00:00Z' } }, []],
    ['end', { finishedAt: { before: '2100-01-01T00:00:00Z' } }, ['Old photos']],
    ['two fields', { topLevel: true, status: { in: ['FAILED'] } }, ['Old photos']],
    ['null', { status: null, name: { in: null } }, ['Words', 'New photos', 'Old photos']],
  ])('by %s', async (_, filter, expected) => {
    const { names } = await listed();
    expect(await names(filter)).toEqual(expected);
  });

  test('by ids, parent and rerun', async () => {
    const { names, a, b } = await listed();
    expect(await names({ id: { in: [b] } })).toEqual(['New photos']);
    expect(await names({ parent: { in: [a] } })).toEqual(['New photos']);
    expect(await names({ rerunOf: { in: [a] } })).toEqual([]);
  });

  test('with an unknown field or a value of another type does not run', async () => {
    const { ask } = await listed();
    for (const filter of [
      '{ nope: 1 }',
      '{ status: { in: [GONE] } }',
      '{ createdAt: { after: "yesterday" } }',
      '{ status: { in: [FAILED], or: [] } }',
    ]) {
      const { data, errors } = await ask(`{ taskRuns(filter: ${filter}) { nodes { id } } }`);
      expect({ data, errors: errors?.length }).toEqual({ data: undefined, errors: 1 });
    }
  });

  test.each([
    [`{ tags: { any: ["a'b"] } }`, 'Expected `tags.any` to be text of 1 to 255'],
    [`{ search: "${'a'.repeat(201)}" }`, 'Expected `search` to be a text of at most 200'],
    [
      `{ rerunOf: { notIn: [${'"a",'.repeat(101)}] } }`,
      'Expected `rerunOf.notIn` to be a list of at most 100 texts, got 101 values.',
    ],
  ])('that is refused is told by the names of this API: %s', async (filter, expected) => {
    const { ask } = await listed();
    for (const field of [
      'taskRuns(filter: F) { nodes { id } }',
      'taskRunCounts(filter: F) { total }',
    ]) {
      const { errors } = await ask(`{ ${field.replace('F', () => filter)} }`);
      expect(errors?.[0]?.message).toContain(expected);
    }
  });

  test('that Temporal could not be asked for is an error that says so', async () => {
    const { ask } = await listed();
    const { errors } = await ask(
      `{ taskRuns(filter: { name: { in: ["' OR 1=1"] } }) { nodes { id } } }`,
    );
    expect(errors?.[0]?.originalError).toMatchObject({ code: 'INVALID_FILTER' });
  });
});

describe('pages', () => {
  const PAGE =
    'query ($first: Int, $after: String, $orderBy: TaskRunOrder, $filter: TaskRunFilter) { taskRuns(first: $first, after: $after, orderBy: $orderBy, filter: $filter) { nodes { name } edges { cursor node { name } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }';

  test('follow each other by cursor, in the order that was asked', async () => {
    const { read } = await listed();
    const one = (await read(PAGE, { first: 2, orderBy: 'NAME' })).taskRuns;
    expect(one.nodes).toEqual([{ name: 'New photos' }, { name: 'Old photos' }]);
    expect(one.pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: one.edges[0].cursor,
      endCursor: one.edges[1].cursor,
    });
    const two = (await read(PAGE, { first: 2, orderBy: 'NAME', after: one.pageInfo.endCursor }))
      .taskRuns;
    expect(two).toMatchObject({
      nodes: [{ name: 'Words' }],
      totalCount: 3,
      pageInfo: { hasNextPage: false, hasPreviousPage: true },
    });
  });

  test.each([
    ['forged', 'INVALID_CURSOR'],
    ['', 'INVALID_CURSOR'],
  ])('after a cursor that is %j are refused', async (after, code) => {
    const { ask } = await listed();
    const { errors } = await ask(PAGE, { after });
    expect(errors?.[0]?.originalError).toMatchObject({ code });
  });

  test('after a cursor of another list are refused', async () => {
    const { read, ask } = await listed();
    const { endCursor } = (await read(PAGE, { first: 1, orderBy: 'NAME' })).taskRuns.pageInfo;
    for (const other of [
      { orderBy: 'NEWEST_FIRST' },
      { orderBy: 'NAME', filter: { topLevel: true } },
    ]) {
      const { errors } = await ask(PAGE, { first: 1, after: endCursor, ...other });
      expect(errors?.[0]?.originalError).toMatchObject({ code: 'INVALID_CURSOR' });
    }
  });

  test.each([0, -1, 101])('of %d runs are refused', async (first) => {
    const { ask } = await listed();
    const { errors } = await ask(PAGE, { first });
    expect(errors?.[0]?.originalError).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

test('counts are by status, within a filter', async () => {
  const { read } = await listed();
  const COUNTS = '{ pending running aborting succeeded failed aborted total }';
  expect(
    await read(
      `{ all: taskRunCounts ${COUNTS} top: taskRunCounts(filter: { topLevel: true }) { total failed } }`,
    ),
  ).toEqual({
    all: { pending: 1, running: 1, aborting: 0, succeeded: 0, failed: 1, aborted: 0, total: 3 },
    top: { total: 2, failed: 1 },
  });
});
