// The namespace over HTTP, on a real Temporal with a real worker.
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../../../src/api/start-gateway.ts';
import { TaskService } from '../../../src/service/task-service.ts';
import * as tasks from '../../support/tasks/workflows.ts';
import { eventually, startWorker, type WholeTest } from '../../support/whole.ts';
import { backgroundTasks } from '../../../src/api/webiny/background-tasks.ts';

let whole: WholeTest;
let service: TaskService<typeof tasks>;
let gateway: RunningGateway;

beforeAll(async () => {
  whole = await startWorker();
  service = new TaskService({ client: whole.client, tasks, taskQueue: whole.taskQueue });
  gateway = await startGateway({
    service,
    logger: pino({ level: 'silent' }),
    host: '127.0.0.1',
    port: 0,
    extensions: [backgroundTasks],
  });
});
afterAll(async () => {
  await gateway.stop();
  await service.close();
  await whole.stop();
});

async function ask(query: string, variables: object = {}): Promise<any> {
  const reply = await fetch(`${gateway.address}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors }: any = await reply.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return data.backgroundTasks;
}
const TASK = `id name definitionId taskStatus iterations executionName startedOn finishedOn
  createdOn savedOn createdBy { id } parentId input output eventResponse`;
const trigger = async (args: string): Promise<any> =>
  (
    await ask(
      `mutation { backgroundTasks { triggerTask(${args}) { data { ${TASK} } error { message code data } } } }`,
    )
  ).triggerTask;
const get = async (id: string): Promise<any> =>
  (
    await ask(
      `query ($id: ID!) { backgroundTasks { getTask(id: $id) { data { ${TASK} } error { message } } } }`,
      { id },
    )
  ).getTask.data;
const abort = async (id: string): Promise<any> =>
  (
    await ask(
      `mutation ($id: ID!) { backgroundTasks { abortTask(id: $id, message: "No longer needed") {
        data { ${TASK} } error { message code data }
      } } }`,
      { id },
    )
  ).abortTask;
const reaches = (id: string, taskStatus: string): Promise<any> =>
  eventually(async () => {
    const task = await get(id);
    expect(task.taskStatus).toBe(taskStatus);
    return task;
  });
const messages = async (id: string): Promise<readonly (readonly string[])[]> => {
  const { data, error } = (
    await ask(
      `query ($id: String) { backgroundTasks { listLogs(where: { task: $id }, sort: iteration_ASC) {
        data { iteration items { message type } } error { message }
      } } }`,
      { id },
    )
  ).listLogs;
  expect(error).toBeNull();
  return data.map(({ items }: any) => items.map(({ message }: any) => message));
};

test('a run from trigger to its output, with its log', async () => {
  const { data, error } = await trigger(
    'definition: sayLines, input: { lines: 30 }, name: "Say thirty"',
  );
  expect(error).toBeNull();
  expect(data).toMatchObject({
    name: 'Say thirty',
    definitionId: 'sayLines',
    taskStatus: 'pending',
    iterations: 0,
    executionName: '',
    startedOn: null,
    createdBy: { id: 'anonymous' },
    input: { lines: 30 },
    eventResponse: { workflowId: data.id },
  });
  const done = await reaches(data.id, 'success');
  expect(done).toMatchObject({
    iterations: 1,
    executionName: data.id,
    startedOn: expect.any(String),
    savedOn: done.finishedOn,
    output: { said: 30 },
  });
  const [log = [], ...others] = await messages(data.id);
  expect(others).toEqual([]);
  expect(log[0]).toBe('Triggered by anonymous');
  const said = log.filter((message) => /^line \d+/i.test(message));
  expect(said).toHaveLength(30);
  expect(new Set(said).size).toBe(30);
});

test('an abort ends the run, and says by whom, why and when', async () => {
  const { data } = await trigger('definition: takeNap, input: { ms: 60000 }');
  await reaches(data.id, 'running');
  expect(await abort(data.id)).toMatchObject({
    data: { id: data.id, taskStatus: 'aborted' },
    error: null,
  });
  const ended = await eventually(async () => {
    const task = await get(data.id);
    expect(task.finishedOn).not.toBeNull();
    return task;
  });
  expect(ended).toMatchObject({
    taskStatus: 'aborted',
    output: null,
    eventResponse: { abort: { by: 'anonymous', reason: 'No longer needed', mode: 'GRACEFUL' } },
  });
  expect((await messages(data.id)).flat()).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/Abort requested by anonymous: No longer needed/),
    ]),
  );
  expect(await abort(data.id)).toMatchObject({
    data: null,
    error: { code: 'TASK_ABORT_ERROR', data: { id: data.id, status: 'aborted' } },
  });
});

test('an abort wakes a run that waits for its delay', async () => {
  const { data } = await trigger('definition: testingRun, delay: 3600');
  expect(data.taskStatus).toBe('pending');
  expect((await abort(data.id)).error).toBeNull();
  await eventually(async () => expect((await get(data.id)).finishedOn).not.toBeNull());
});

test('a run that fails says why', async () => {
  const { data } = await trigger('definition: failForGoodTask, input: {}');
  expect(await reaches(data.id, 'failed')).toMatchObject({
    output: { error: { message: expect.any(String), code: expect.any(String) } },
    finishedOn: expect.any(String),
  });
});

test('each iteration of a chain has a record', async () => {
  const { data } = await trigger('definition: chainTask, input: { iterations: 3 }');
  const done = await reaches(data.id, 'success');
  expect(await messages(data.id)).toHaveLength(done.iterations);
  expect(done.iterations).toBe(3);
});

test('lists are filtered, ordered and paged', async () => {
  const parent = randomUUID();
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) {
    const run = await service.as({ name: 'ann' }).trigger({
      definition: 'testingRun',
      input: {},
      name: `O'Brien "${i}"`,
      parent: { id: parent },
    });
    ids.unshift(run.id);
  }
  await Promise.all(ids.map((id) => reaches(id, 'success')));
  const LIST = `query (
    $where: WebinyBackgroundTaskListWhereInput
    $sort: [WebinyBackgroundTaskListSorter!]
    $limit: Int
    $after: String
  ) {
    backgroundTasks { listTasks(where: $where, sort: $sort, limit: $limit, after: $after) {
      data { id } meta { cursor hasMoreItems totalCount } error { message code }
    } }
  }`;
  const list = async (where: object, more: object = {}): Promise<any> =>
    (await ask(LIST, { where: { parentId: parent, ...where }, ...more })).listTasks;
  const pages = async (sort: string): Promise<readonly string[]> => {
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const { data, meta, error } = await list({}, { sort, limit: 2, after });
      expect(error).toBeNull();
      expect(meta.totalCount).toBe(5);
      seen.push(...data.map(({ id }: any) => id));
      after = meta.cursor;
    } while (after !== null);
    return seen;
  };
  await eventually(async () =>
    expect((await list({ taskStatus: 'success' })).data.map(({ id }: any) => id)).toEqual(ids),
  );
  expect(await pages('createdOn_DESC')).toEqual(ids);
  expect(await pages('createdOn_ASC')).toEqual(ids.toReversed());
  expect(await pages('values_name_DESC')).toEqual(ids);
  expect(new Set(await pages('finishedOn_DESC'))).toEqual(new Set(ids));
  expect(new Set(await pages('iterations_ASC'))).toEqual(new Set(ids));

  const { createdOn } = await get(ids[2] ?? '');
  for (const [where, expected] of [
    [{ name: `O'Brien "1"` }, [ids[3]]],
    [{ name_in: [`O'Brien "1"`, 'x'] }, [ids[3]]],
    [{ name_not: `O'Brien "1"` }, ids.filter((id) => id !== ids[3])],
    [{ name_contains: 'brien 4' }, [ids[0]]],
    [{ createdBy: 'ann', definitionId_in: ['testingRun'] }, ids],
    [{ createdOn_gt: createdOn }, ids.slice(0, 2)],
    [{ createdOn_lte: createdOn }, ids.slice(2)],
    [{ createdOn: createdOn }, [ids[2]]],
    [{ taskStatus_in: ['running', 'pending', 'failed'] }, []],
    [{ finishedOn: null }, []],
    [{ id_not_in: ids.slice(1) }, [ids[0]]],
    [{ parentId: String.raw`\' OR TemporalNamespaceDivision='x` }, []],
  ] as const) {
    const { data, error } = await list(where);
    expect([where, error, data?.map(({ id }: any) => id)]).toEqual([where, null, expected]);
  }
});

test('a deleted run is gone', async () => {
  const { data } = await trigger('definition: takeNap, input: { ms: 60000 }');
  expect(
    await ask(
      `mutation ($id: ID!) { backgroundTasks { deleteTask(id: $id) { data error { message } } } }`,
      { id: data.id },
    ),
  ).toEqual({ deleteTask: { data: true, error: null } });
  expect(await get(data.id)).toBeNull();
  expect(await messages(data.id)).toEqual([]);
});

test.each([randomUUID(), '', "'", String.raw`\' OR 1=1`, 'a#1', 'x'.repeat(2000), '\u0000', '💥'])(
  'an id that nobody has: %j',
  async (id) => {
    expect(await get(id)).toBeNull();
    expect((await abort(id)).error.code).toMatch(/NOT_FOUND|TASK_ABORT_ERROR/);
    expect(await messages(id)).toEqual([]);
  },
);

test('settings are the retention of the namespace', async () => {
  const { getSettings } = await ask(
    '{ backgroundTasks { getSettings { data { retentionDays } error { message } } } }',
  );
  expect(getSettings).toEqual({ data: { retentionDays: expect.any(Number) }, error: null });
});
