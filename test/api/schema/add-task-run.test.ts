import { isObjectType } from 'graphql';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defined, gatewayOf, moduleOf } from './support.ts';

const TRIGGER = `mutation ($folder: String!, $options: TriggerOptions) {
  triggerCopyFiles(input: { folder: $folder }, options: $options) { ... on TaskRunTriggered { run { id } } ... on Problem { code message } }
}`;

const pageOf = async (size: number) => {
  const gateway = gatewayOf();
  const ids: string[] = [];
  for (let n = 0; n < size; n++) {
    const { triggerCopyFiles } = await gateway.read(TRIGGER, { folder: `f${n}` });
    ids.push(triggerCopyFiles.run.id);
  }
  return { ...gateway, ids };
};

describe('what a page of runs costs', () => {
  test('rows alone are one call', async () => {
    const { cost } = await pageOf(50);
    expect(
      await cost(
        '{ taskRuns { nodes { id definitionId definition { title } name status tags createdAt abilities { abort { allowed } } parentId webUiUrl } pageInfo { hasNextPage endCursor } edges { cursor } } }',
      ),
    ).toEqual({ list: 1 });
  });

  test('the count is free for a list of one page, and one call otherwise', async () => {
    const { cost } = await pageOf(3);
    expect(await cost('{ taskRuns { totalCount nodes { id } } }')).toEqual({ list: 1 });
    expect(await cost('{ taskRuns(first: 2) { totalCount nodes { id } } }')).toEqual({
      list: 1,
      count: 1,
    });
  });

  test('live fields of a row are one call together, and none for a run that is over', async () => {
    const { cost, tasks, ids } = await pageOf(4);
    tasks.start(ids[0] ?? '');
    tasks.succeed(ids[0] ?? '', { files: 1 });
    expect(
      await cost('{ taskRuns { nodes { steps { name } } again: nodes { steps { state } } } }'),
    ).toEqual({ list: 1, get: 3 });
    expect(await cost('{ taskRuns { nodes { output error { code } abort { reason } } } }')).toEqual(
      { list: 1, outcome: 1 },
    );
  });

  test('the diagnosis is asked once for each run that is open', async () => {
    const { cost, tasks, ids } = await pageOf(3);
    tasks.start(ids[0] ?? '');
    tasks.fail(ids[0] ?? '', new Error('no'));
    expect(await cost('{ taskRuns { nodes { diagnosis { code } } } }')).toEqual({
      list: 1,
      diagnose: 2,
    });
  });

  test('parents and children of a whole page are one list call each', async () => {
    const { cost, read, ids } = await pageOf(3);
    for (const parent of ids)
      for (let n = 0; n < 3; n++) await read(TRIGGER, { folder: 'x', options: { parent } });
    expect(
      await cost('{ taskRuns(filter: { topLevel: false }) { nodes { parent { name } } } }'),
    ).toEqual({ list: 2 });
    expect(
      await cost(
        '{ taskRuns(filter: { topLevel: true }) { nodes { children(first: 2) { totalCount nodes { id } pageInfo { hasNextPage } } } } }',
      ),
    ).toEqual({ list: 2 });
    expect(
      await cost(
        '{ taskRuns(filter: { topLevel: true }) { nodes { children { nodes { id } } few: children(first: 1) { nodes { id } } sorted: children(orderBy: NAME) { nodes { id } } reruns { nodes { id } } } } }',
      ),
    ).toEqual({ list: 4 });
  });

  test('the edges of children cost no more than the children, and cursors only where they are shown', async () => {
    const { cost, read, ids } = await pageOf(3);
    await read(TRIGGER, { folder: 'x', options: { parent: ids[0] } });
    const children = (fields: string) =>
      cost(`{ taskRuns(filter: { topLevel: true }) { nodes { children { ${fields} } } } }`);
    expect(await children('edges { node { id } }')).toEqual({ list: 2 });
    expect(await children('edges { cursor } pageInfo { startCursor }')).toEqual({ list: 3 });
  });

  test('one run is one call', async () => {
    const { cost, tasks, ids } = await pageOf(1);
    const [id = ''] = ids;
    tasks.start(id);
    expect(
      await cost(
        'query ($id: ID!) { taskRun(id: $id) { id status progress { percent } steps { name } } }',
        { id },
      ),
    ).toEqual({ get: 1 });
  });

  test('the total alone is counted by one call', async () => {
    const { cost } = await pageOf(1);
    expect(await cost('{ taskRunCounts { total } }')).toEqual({ count: 1 });
    expect(await cost('{ taskRunCounts { failed pending total } }')).toEqual({ counts: 1 });
  });

  test('workers are asked for once, however many definitions show them', async () => {
    const { cost } = gatewayOf(moduleOf(defined('a'), defined('b')));
    expect(await cost('{ taskDefinitions { worker { online lastSeen } } workers { id } }')).toEqual(
      { workers: 1 },
    );
  });
});

describe('children', () => {
  test('a page of children can be followed by its cursor', async () => {
    const { read } = gatewayOf();
    const parent = (await read(TRIGGER, { folder: 'p' })).triggerCopyFiles.run.id;
    const other = (await read(TRIGGER, { folder: 'q' })).triggerCopyFiles.run.id;
    for (let n = 0; n < 3; n++)
      await read(TRIGGER, { folder: `${n}`, options: { parent, name: `child ${n}` } });
    const page = `children(first: 2) { nodes { name } edges { cursor node { name } } pageInfo { hasNextPage endCursor } totalCount }`;
    const { a, b } = await read(
      `{ a: taskRun(id: "${parent}") { ${page} } b: taskRun(id: "${other}") { ${page} } }`,
    );
    expect(a.children).toMatchObject({
      nodes: [{ name: 'child 2' }, { name: 'child 1' }],
      totalCount: 3,
      pageInfo: { hasNextPage: true },
    });
    expect(b.children).toMatchObject({
      nodes: [],
      totalCount: 0,
      pageInfo: { hasNextPage: false },
    });
    const { taskRun } = await read(
      `{ taskRun(id: "${parent}") { children(first: 2, after: "${a.children.pageInfo.endCursor}") { nodes { name } } } }`,
    );
    expect(taskRun.children.nodes).toEqual([{ name: 'child 0' }]);
  });

  test('a page of no runs is refused', async () => {
    const { read, ask } = gatewayOf();
    const { id } = (await read(TRIGGER, { folder: 'p' })).triggerCopyFiles.run;
    const { errors } = await ask(
      `{ taskRun(id: "${id}") { children(first: 0) { nodes { id } } } }`,
    );
    expect(errors?.[0]?.message).toContain('from 1 to 100, got 0');
  });
});

describe('a run', () => {
  test('shows all that is known of it', async () => {
    const { tasks, schema, ids } = await pageOf(1);
    const type = schema.getType('TaskRun');
    const shown = isObjectType(type) ? Object.keys(type.getFields()) : [];
    const known = Object.keys(await tasks.get(ids[0] ?? ''));
    // It is told by `abort`, with by whom and why.
    const missing = known.filter((field) => field !== 'abortRequested' && !shown.includes(field));
    expect(missing).toEqual([]);
  });

  test('shows how far it is, what it does and, in the end, what came of it', async () => {
    const { read, tasks } = gatewayOf();
    const { id } = (await read(TRIGGER, { folder: 'p', options: { name: 'Photos', tags: ['B'] } }))
      .triggerCopyFiles.run;
    const RUN = `{ taskRun(id: "${id}") { name status tags input output triggeredBy progress { done total percent message } steps { name state attempt } error { code message } abort { reason } } }`;
    tasks.start(id);
    tasks.step(id, { name: 'copy', state: 'RUNNING' });
    tasks.progress(id, { done: 1, total: 4, message: 'a.jpg' });
    expect((await read(RUN)).taskRun).toMatchObject({
      name: 'Photos',
      status: 'RUNNING',
      tags: ['b'],
      input: { folder: 'p' },
      output: null,
      triggeredBy: 'ada',
      progress: { done: 1, total: 4, percent: 25, message: 'a.jpg' },
      steps: [{ name: 'copy', state: 'RUNNING', attempt: 1 }],
      error: null,
      abort: null,
    });
    tasks.succeed(id, { files: 4 });
    expect((await read(RUN)).taskRun).toMatchObject({
      status: 'SUCCEEDED',
      output: { files: 4 },
      steps: [],
    });
  });

  test('is null when there is none of this id', async () => {
    const { read } = gatewayOf();
    expect(await read('{ taskRun(id: "nobody") { id } }')).toEqual({ taskRun: null });
  });

  test('links to its page in Temporal Web UI', async () => {
    const { read } = gatewayOf(undefined, {
      webUi: { address: 'https://temporal.example', namespace: 'a b' },
    });
    const { id } = (await read(TRIGGER, { folder: 'p' })).triggerCopyFiles.run;
    const { taskRun } = await read(`{ taskRun(id: "${id}") { webUiUrl } }`);
    expect(taskRun.webUiUrl).toBe(`https://temporal.example/namespaces/a%20b/workflows/${id}`);
  });

  test('tells how long it took from when it could begin, and rounds how far it is', async () => {
    const { read, tasks } = gatewayOf();
    const { id } = (await read(TRIGGER, { folder: 'p' })).triggerCopyFiles.run;
    const QUERY = `{ taskRun(id: "${id}") { createdAt finishedAt durationMs progress { percent } } }`;
    tasks.start(id);
    tasks.progress(id, { done: 7, total: 15 });
    expect((await read(QUERY)).taskRun).toMatchObject({
      durationMs: null,
      progress: { percent: 46.67 },
    });
    tasks.advance(5000);
    tasks.succeed(id);
    const { createdAt, finishedAt, durationMs } = (await read(QUERY)).taskRun;
    expect(durationMs).toBe(Date.parse(finishedAt) - Date.parse(createdAt));
    expect(durationMs).toBeGreaterThanOrEqual(5000);
  });

  test('says what can be done with it, and why not', async () => {
    const { read, tasks } = gatewayOf(
      moduleOf(
        defined('copyFiles', z.object({ folder: z.string() })),
        defined('secret', z.object({}), { private: true }),
      ),
    );
    const ABILITIES = `abilities { abort { allowed reason } terminate { allowed } rerun { allowed reason } delete { allowed } }`;
    const secret = await tasks.trigger({ definition: 'secret', input: {} as never });
    const { id } = (await read(TRIGGER, { folder: 'p' })).triggerCopyFiles.run;
    tasks.start(id);
    await tasks.abort({ id });
    const { run, hidden } = await read(
      `{ run: taskRun(id: "${id}") { ${ABILITIES} } hidden: taskRun(id: "${secret.id}") { definition { id } ${ABILITIES} } }`,
    );
    expect(run.abilities).toEqual({
      abort: { allowed: false, reason: 'It is being aborted already.' },
      terminate: { allowed: true },
      rerun: { allowed: true, reason: null },
      delete: { allowed: true },
    });
    expect(hidden).toMatchObject({
      definition: null,
      abilities: { abort: { allowed: true }, rerun: { allowed: false } },
    });
  });

  test('a field that cannot be read is null beside its error, and the page stands', async () => {
    const { ask, read, tasks } = gatewayOf();
    const { id } = (await read(TRIGGER, { folder: 'p' })).triggerCopyFiles.run;
    tasks.start(id);
    const { data, errors } = await ask(
      `{ taskRun(id: "${id}") { name log(after: "forged") { lines { message } } } }`,
    );
    expect(data.taskRun).toEqual({ name: 'copy files', log: null });
    expect(errors?.[0]?.originalError).toMatchObject({ code: 'INVALID_CURSOR' });
  });
});
