import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { gateway } from '../../src/api/gateway.ts';
import { TaskService } from '../../src/service/task-service.ts';
import { CallCounter } from '../support/count-calls.ts';
import * as tasks from '../support/tasks/workflows.ts';
import { eventually, startWorker } from '../support/whole.ts';
import type { WholeTest } from '../support/whole.ts';
import type { Answer } from './schema/support.ts';
import { sessionOf } from '../../src/login/session.ts';

// Which runs were reset is asked once: what a page costs is exact.
vi.mock('../../src/service/list/newest-executions.ts', async (load) => {
  const { NewestExecutions } =
    await load<typeof import('../../src/service/list/newest-executions.ts')>();
  return {
    NewestExecutions: class extends NewestExecutions {
      constructor(visibility: ConstructorParameters<typeof NewestExecutions>[0]) {
        super(visibility, Infinity);
      }
    },
  };
});

const calls = new CallCounter();
const gateways: Gateway[] = [];
let whole: WholeTest;
let connection: Connection;
let main: Gateway;

interface Gateway {
  readonly app: FastifyInstance;
  readonly service: TaskService<typeof tasks>;
  readonly port: number;
}

async function startGateway(): Promise<Gateway> {
  const service = new TaskService({
    client: new Client({ connection }),
    tasks,
    taskQueue: whole.taskQueue,
    cursorSecret: 'the same for all gateways',
  });
  const app = Fastify({ forceCloseConnections: true });
  await app.register(gateway, { service, authenticate: async () => sessionOf({ name: 'ada' }) });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const started = { app, service, port: (app.server.address() as AddressInfo).port };
  gateways.push(started);
  return started;
}

beforeAll(async () => {
  whole = await startWorker();
  connection = await Connection.connect({
    address: inject('temporal').address,
    interceptors: [calls.interceptor],
  });
  main = await startGateway();
});
afterAll(async () => {
  for (const { app, service } of gateways) {
    await app.close();
    await service.close();
  }
  await connection.close();
  await whole.stop();
});

async function ask(query: string, variables: object = {}): Promise<Answer> {
  const response = await main.app.inject({
    method: 'POST',
    url: '/graphql',
    payload: { query, variables },
  });
  const { data, errors } = response.json<{ data: Answer; errors?: unknown }>();
  expect(errors).toBeUndefined();
  return data;
}
const follow = (query: string, variables: Record<string, unknown>, port = main.port) => {
  const client = createClient({
    url: `ws://127.0.0.1:${port}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });
  return client.iterate<Answer>({ query, variables });
};
const trigger = async (steps: number, ms: number, options: object = {}): Promise<string> => {
  const { triggerWalkSteps } = await ask(
    'mutation ($input: WalkStepsInput!, $options: TriggerOptions) { triggerWalkSteps(input: $input, options: $options) { ... on TaskRunTriggered { run { id } } ... on Problem { message } } }',
    { input: { steps, ms }, options },
  );
  return triggerWalkSteps.run.id as string;
};
const untilClosed = async (id: string): Promise<void> => {
  for await (const _ of follow('subscription ($id: ID!) { taskRun(id: $id) { status } }', { id }));
};

describe('a run', () => {
  test('is triggered with types, followed live and read again', async () => {
    const id = await trigger(5, 50, { name: 'Walk', tags: ['api'] });
    const statuses: string[] = [];
    let last: Answer;
    for await (const { data } of follow(
      'subscription ($id: ID!) { taskRun(id: $id) { name status output progress { done total percent } steps { name state } } }',
      { id },
    )) {
      last = data?.taskRun;
      statuses.push(last.status);
    }
    expect(last).toMatchObject({
      name: 'Walk',
      status: 'SUCCEEDED',
      output: { done: 5 },
      steps: [],
    });
    expect(statuses.slice(0, -1).every((status) => ['PENDING', 'RUNNING'].includes(status))).toBe(
      true,
    );

    const { taskRun } = await ask(
      'query ($id: ID!) { taskRun(id: $id) { status input output triggeredBy tags log { lines { message } ended } } }',
      { id },
    );
    expect(taskRun).toMatchObject({
      status: 'SUCCEEDED',
      input: { steps: 5, ms: 50 },
      output: { done: 5 },
      triggeredBy: 'ada',
      tags: ['api'],
      log: { ended: true },
    });
    const messages: string[] = taskRun.log.lines.map(({ message }: { message: string }) => message);
    expect(messages.filter((message) => message.startsWith('step'))).toEqual([
      'step 1',
      'step 2',
      'step 3',
      'step 4',
      'step 5',
    ]);
  });

  test('is aborted with a reason while it is followed', async () => {
    const id = await trigger(1000, 50);
    const seen = follow(
      'subscription ($id: ID!) { taskRun(id: $id) { status abort { by reason mode } } }',
      { id },
    );
    let status = '';
    while (status !== 'RUNNING') status = (await seen.next()).value?.data?.taskRun.status;
    const { abortTaskRun } = await ask(
      'mutation ($id: ID!) { abortTaskRun(id: $id, reason: "Wrong folder") { __typename ... on TaskRunAborting { run { status } } } }',
      { id },
    );
    expect(abortTaskRun).toEqual({ __typename: 'TaskRunAborting', run: { status: 'ABORTING' } });
    let last: Answer;
    for await (const { data } of seen) last = data?.taskRun;
    expect(last).toEqual({
      status: 'ABORTED',
      abort: { by: 'ada', reason: 'Wrong folder', mode: 'GRACEFUL' },
    });
  });
});

describe('what a page costs at Temporal', () => {
  const PAGE =
    'query ($tag: String!) { taskRuns(filter: { tags: { any: [$tag] } }) { nodes { id name status FIELDS } } }';
  const page = (fields: string) => PAGE.replace('FIELDS', fields);

  test('is one call for rows, one a run for what rows do not hold, and none for that again', async () => {
    const tag = `page-${Date.now()}`;
    const ids = await Promise.all(
      Array.from({ length: 5 }, async () => await trigger(1, 0, { tags: [tag] })),
    );
    await Promise.all(ids.map(untilClosed));
    await eventually(async () => {
      const { taskRuns } = await ask(page(''), { tag });
      expect(
        taskRuns.nodes.filter(({ status }: { status: string }) => status === 'SUCCEEDED'),
      ).toHaveLength(5);
    });
    const cost = async (fields: string) =>
      (await calls.during(async () => await ask(page(fields), { tag }))).made;
    const oneList = { ListWorkflowExecutions: 1 };
    expect(await cost('')).toEqual(oneList);
    expect(
      await cost('input tags abilities { abort { allowed } } steps { name } diagnosis { code }'),
    ).toEqual(oneList);
    expect(await cost('output')).toEqual({ ...oneList, GetWorkflowExecutionHistoryReverse: 5 });
    expect(await cost('output error { code } abort { mode }')).toEqual(oneList);
  });
});

describe('a log', () => {
  const LOG =
    'subscription ($id: ID!, $after: String) { taskRunLog(id: $id, after: $after) { ... on LogLine { cursor source n message } ... on LogEnd { status dropped } } }';

  test('goes on at another gateway when the one that showed it dies: nothing lost, nothing twice', async () => {
    const first = await startGateway();
    const { id } = await main.service.trigger({
      definition: 'sayLines',
      input: { lines: 120, rate: 40 },
    });
    const seen: { readonly source: string; readonly n: number; readonly message: string }[] = [];
    let after: string | undefined;
    const early = follow(LOG, { id }, first.port);
    while (seen.length < 20) {
      const { taskRunLog } = (await early.next()).value?.data ?? {};
      seen.push(taskRunLog);
      after = taskRunLog.cursor;
    }
    const broken = early.next().then(
      ({ value }) => value?.data?.taskRunLog,
      () => undefined,
    );
    first.app.server.closeAllConnections();
    await first.app.close();
    // A line may have come while the gateway went.
    const late = await broken;
    if (late?.cursor !== undefined) {
      seen.push(late);
      after = late.cursor;
    }
    let end: Answer;
    for await (const { data } of follow(LOG, { id, after }))
      if (data?.taskRunLog.status === undefined) seen.push(data?.taskRunLog);
      else end = data.taskRunLog;
    expect(end).toEqual({ status: 'SUCCEEDED', dropped: 0 });
    const lines = seen.filter(({ message }) => /^line \d+ /.test(message)).map(({ n }) => n);
    const all = seen.map(({ source, n }) => `${source} ${n}`);
    expect(lines).toHaveLength(120);
    expect(new Set(all).size).toBe(all.length);
  });

  test('costs Temporal the same for one viewer and for fifty', async () => {
    const { id } = await main.service.trigger({
      definition: 'sayLines',
      input: { lines: 10_000, rate: 10 },
    });
    const rateWith = async (viewers: number): Promise<number> => {
      const client = createClient({
        url: `ws://127.0.0.1:${main.port}/graphql`,
        webSocketImpl: WebSocket,
        retryAttempts: 0,
        lazyCloseTimeout: 0,
      });
      const clients = [
        client,
        createClient({
          url: `ws://127.0.0.1:${main.port}/graphql`,
          webSocketImpl: WebSocket,
          retryAttempts: 0,
        }),
      ];
      let shown = 0;
      const stops = Array.from({ length: viewers }, (_, n) =>
        clients[n % 2]?.subscribe(
          { query: LOG, variables: { id } },
          { next: () => shown++, error: () => {}, complete: () => {} },
        ),
      );
      await eventually(() => expect(shown).toBeGreaterThan(viewers * 5));
      const { made } = await calls.during(async () => {
        await new Promise((resolve) => {
          setTimeout(resolve, 3000);
        });
      });
      for (const stop of stops) stop?.();
      for (const one of clients) await one.dispose();
      return Object.values(made).reduce((sum, count) => sum + count, 0) / 3;
    };
    expect(await rateWith(1)).toBeLessThan(8);
    expect(await rateWith(50)).toBeLessThan(8);
    await main.service.terminate({ id });
  });
});

test('what a client has left asks Temporal for nothing, however fast it left', async () => {
  const { id } = await main.service.trigger({
    definition: 'sayLines',
    input: { lines: 10_000, rate: 10 },
  });
  const socket = new WebSocket(`ws://127.0.0.1:${main.port}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  const send = (message: object): void => socket.send(JSON.stringify(message));
  send({ type: 'connection_init' });
  await once(socket, 'message');
  for (const query of [
    'subscription { taskRuns { __typename } }',
    `subscription { taskRun(id: "${id}") { status } }`,
    `subscription { taskRunLog(id: "${id}") { __typename } }`,
  ]) {
    send({ type: 'subscribe', id: 'a', payload: { query } });
    send({ type: 'complete', id: 'a' });
  }
  send({ type: 'subscribe', id: 'a', payload: { query: '{ __typename }' } });
  const [answer] = (await once(socket, 'message')) as [Buffer];
  expect(JSON.parse(answer.toString())).toEqual({
    type: 'next',
    id: 'a',
    payload: { data: { __typename: 'Query' } },
  });
  socket.close();
  await once(socket, 'close');
  // Calls that had begun may still end; a live list that is left behind asks each second.
  await eventually(async () => expect(await callsOfThreeSeconds()).toEqual({}));
  await main.service.terminate({ id });
});

async function callsOfThreeSeconds(): Promise<Readonly<Record<string, number>>> {
  const { made } = await calls.during(async () => {
    await sleep(3000);
  });
  return made;
}
