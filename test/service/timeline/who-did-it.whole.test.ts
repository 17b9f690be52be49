// Who did what to a run is told by its history, with no worker there.
import { randomUUID } from 'node:crypto';
import Fastify from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gateway } from '../../../src/api/gateway.ts';
import { backgroundTasks } from '../../../src/api/webiny/background-tasks.ts';
import type { TimelineKind } from '../../../src/contract/timeline.ts';
import { sessionOf } from '../../../src/login/session.ts';
import { TaskService } from '../../../src/service/task-service.ts';
import { openSocket } from '../../api/support/live-gateway.ts';
import * as tasks from '../../support/tasks/workflows.ts';
import { connect, eventually, startWorker } from '../../support/whole.ts';
import type { WholeTest } from '../../support/whole.ts';

let server: Awaited<ReturnType<typeof connect>>;
let service: TaskService<typeof tasks>;
let taskQueue: string;
beforeAll(async () => {
  server = await connect();
  taskQueue = `who-${randomUUID()}`;
  service = new TaskService({ client: server.client, tasks, taskQueue });
});
afterAll(async () => {
  await service.close();
  await server.stop();
});

const ann = () => service.as({ name: 'ann' });
const bob = () => service.as({ name: 'bob' });
const root = () => service.as({ name: 'root' });
const withWorker = async (work: () => Promise<unknown>): Promise<void> => {
  const worker: WholeTest = await startWorker({ taskQueue });
  try {
    await work();
  } finally {
    await worker.stop();
  }
};
const hold = async (): Promise<string> => {
  const { id } = await ann().trigger({ definition: 'holdTask', input: {} });
  return id;
};
const untilHolding = (id: string) =>
  eventually(async () => {
    const { lines } = await service.logs(id, { first: 1000 });
    expect(lines.map(({ message }) => message)).toContain('holding');
  });
const untilClosed = (id: string) =>
  eventually(async () => expect((await service.get(id)).finishedAt).not.toBeNull());

const DEEDS: ReadonlySet<TimelineKind> = new Set(['RUN', 'ABORT', 'PAUSED', 'UNPAUSED', 'RESET']);

/** What somebody did, in the order in which it was done. */
async function deedsOf(id: string): Promise<readonly unknown[]> {
  const { entries } = await service.timeline(id);
  return entries
    .filter(({ kind }) => DEEDS.has(kind))
    .map(({ kind, by, reason, mode, runId }) => [kind, by, reason, mode ?? runId]);
}

test('a run that is aborted before a worker has seen it, and one that repeats it', async () => {
  const id = await hold();
  await bob().abort({ id, reason: 'Not today' });
  expect(await deedsOf(id)).toEqual([
    ['RUN', 'ann', null, null],
    ['ABORT', 'bob', 'Not today', null],
  ]);
  await withWorker(() => untilClosed(id));
  const again = await root().rerun({ id });
  await root().terminate({ id: again.id, reason: 'Nor tomorrow' });
  expect(await deedsOf(id)).toEqual([
    ['RUN', 'ann', null, null],
    ['ABORT', 'bob', 'Not today', 'BEFORE_START'],
  ]);
  expect(await deedsOf(again.id)).toEqual([
    ['RUN', 'root', null, id],
    ['ABORT', 'root', 'Nor tomorrow', 'TERMINATED'],
  ]);
});

test('an abort that a termination cuts short: both are told', async () => {
  const id = await hold();
  await bob().abort({ id, reason: 'Please stop' });
  await root().terminate({ id, reason: 'Now' });
  expect(await deedsOf(id)).toEqual([
    ['RUN', 'ann', null, null],
    ['ABORT', 'bob', 'Please stop', null],
    ['ABORT', 'root', 'Now', 'TERMINATED'],
  ]);
});

test('work that does not stop in time is forced, by whom it was asked', async () => {
  const { id } = await ann().trigger({ definition: 'deafTask', input: { ms: 3000 } });
  await withWorker(async () => {
    await eventually(async () => expect((await service.get(id)).steps).toHaveLength(1));
    await bob().abort({ id, reason: 'At once', grace: 0 });
    await untilClosed(id);
  });
  expect(await deedsOf(id)).toEqual([
    ['RUN', 'ann', null, null],
    ['ABORT', 'bob', 'At once', 'FORCED'],
  ]);
});

test('what an operator does in Temporal: pauses and goes on, and a reset, whose doer it does not keep', async () => {
  const id = await hold();
  const { workflowService } = server.client;
  const namespace = 'default';
  await withWorker(async () => {
    await untilHolding(id);
    const about = () => ({ namespace, workflowId: id, requestId: randomUUID() });
    await workflowService.pauseWorkflowExecution({
      ...about(),
      identity: 'carl',
      reason: 'Stocktaking',
    });
    await workflowService.unpauseWorkflowExecution({
      ...about(),
      identity: 'dora',
      reason: 'Done counting',
    });
  });
  const paused = [
    ['RUN', 'ann', null, null],
    ['PAUSED', 'carl', 'Stocktaking', null],
    ['UNPAUSED', 'dora', 'Done counting', null],
  ];
  expect(await deedsOf(id)).toEqual(paused);

  const execution = { workflowId: id };
  const { history } = await workflowService.getWorkflowExecutionHistory({ namespace, execution });
  const taken = history?.events?.find((event) => event.workflowTaskCompletedEventAttributes);
  await workflowService.resetWorkflowExecution({
    namespace,
    workflowExecution: execution,
    reason: 'Once more',
    requestId: randomUUID(),
    identity: 'carl',
    workflowTaskFinishEventId: taken?.eventId ?? null,
  });
  await eventually(async () =>
    expect(await deedsOf(id)).toEqual([
      ['RUN', 'ann', null, null],
      ['RESET', null, 'Once more', null],
    ]),
  );
  await root().terminate({ id });
});

const aborting = (id: string) =>
  `mutation { abortTaskRun(id: "${id}", reason: "Why not") { __typename } }`;

test('over HTTP, an event stream and a socket, in both vocabularies, it is who was let in', async () => {
  const app = Fastify();
  await app.register(gateway, {
    service,
    graphiql: false,
    extensions: [backgroundTasks],
    authenticate: async ({ headers }) => sessionOf({ name: String(headers['x-name']) }),
  });
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const asked = (path: string, query: string, headers: Record<string, string>) =>
    fetch(`${address}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
  try {
    const triggering =
      'mutation { triggerTask(definition: "holdTask") { ... on TaskRunTriggered { run { id } } } }';
    const triggered = async (): Promise<string> => {
      const answer: any = await (await asked('/graphql', triggering, { 'x-name': 'ann' })).json();
      return answer.data.triggerTask.run.id;
    };
    const [http, stream, socket, other] = [
      await triggered(),
      await triggered(),
      await triggered(),
      await triggered(),
    ];
    await asked('/graphql', aborting(http), { 'x-name': 'eve' });
    const streamed = await asked('/graphql/stream', aborting(stream), {
      'x-name': 'fay',
      accept: 'text/event-stream',
    });
    await streamed.text();
    const client = await openSocket(`${address.replace('http', 'ws')}/graphql`, {
      headers: { 'x-name': 'gus' },
    });
    client.send({ type: 'connection_init' });
    await client.next();
    client.send({ type: 'subscribe', id: '1', payload: { query: aborting(socket) } });
    await client.next();
    client.socket.close();
    const theirs = `mutation { backgroundTasks { abortTask(id: "${other}", message: "Why not") { data { id } } } }`;
    await asked('/graphql', theirs, { 'x-name': 'hal' });
    for (const [id, by] of [
      [http, 'eve'],
      [stream, 'fay'],
      [socket, 'gus'],
      [other, 'hal'],
    ] as const) {
      const query = `{ taskRun(id: "${id}") { timeline { entries { kind by reason } } } }`;
      const answer: any = await (await asked('/graphql', query, { 'x-name': 'ann' })).json();
      const told = answer.data.taskRun.timeline.entries;
      expect(told.filter(({ kind }: { kind: string }) => kind !== 'QUEUED')).toEqual([
        { kind: 'RUN', by: 'ann', reason: null },
        { kind: 'ABORT', by, reason: 'Why not' },
      ]);
      await root().terminate({ id });
    }
  } finally {
    await app.close();
  }
});
