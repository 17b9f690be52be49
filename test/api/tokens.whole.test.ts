// A browser with a token of one run, or of one trigger, over every transport, on a real Temporal server.
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { gateway } from '../../src/api/gateway.ts';
import { newApiKey } from '../../src/login/api-keys.ts';
import { parseAuthFile } from '../../src/login/auth-file.ts';
import { AuthRules } from '../../src/login/auth-rules.ts';
import { Authenticator } from '../../src/login/authenticator.ts';
import { RunTokens } from '../../src/login/run-tokens.ts';
import { TaskService } from '../../src/service/task-service.ts';
import * as tasks from '../support/tasks/workflows.ts';
import { eventually, startWorker } from '../support/whole.ts';
import type { WholeTest } from '../support/whole.ts';

const ci = newApiKey('ci');
// The server is shared: a tenant of this file alone.
const tenant = `acme-${randomUUID().slice(0, 8)}`;
const gateways: { app: FastifyInstance; service: TaskService<typeof tasks>; address: string }[] =
  [];
let whole: WholeTest;

beforeAll(async () => {
  whole = await startWorker();
  for (let n = 0; n < 2; n++) {
    const key = { id: 'ci', hashes: [ci.hash], tenant, roles: ['operator'] };
    const rules = new AuthRules(parseAuthFile(JSON.stringify({ tenants: {}, keys: [key] })));
    const tokens = new RunTokens([{ kid: 'a', secret: new Uint8Array(32).fill(1) }]);
    const service = new TaskService({
      client: whole.client,
      tasks,
      taskQueue: whole.taskQueue,
      cursorSecret: 'the same for both of them',
    });
    const { authenticate } = new Authenticator({ rules, tokens });
    const app = Fastify({ forceCloseConnections: true });
    await app.register(gateway, { service, authenticate, tokens, graphiql: false });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    gateways.push({ app, service, address: `http://127.0.0.1:${port}/graphql` });
  }
});
afterAll(async () => {
  for (const { app, service } of gateways) {
    await app.close();
    await service.close();
  }
  await whole.stop();
});

const at = (n = 0): string => gateways[n % gateways.length]?.address ?? '';
const socketAt = (n = 0): string => at(n).replace('http', 'ws');
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
async function ask(token: string, query: string, variables = {}, n = 0): Promise<any> {
  const answer = await fetch(at(n), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(token) },
    body: JSON.stringify({ query, variables }),
  });
  return await answer.json();
}
const TRIGGER = `mutation ($definition: ID!, $input: JSON) {
  triggerTask(definition: $definition, input: $input) {
    __typename
    ... on TaskRunTriggered { run { id } token { token } }
    ... on TaskRunDeduplicated { run { id } token { token } }
    ... on Problem { code message }
  }
}`;
const told = async (by: (id: string) => Promise<object>, id: string): Promise<string> =>
  JSON.stringify(await by(id)).replaceAll(id, 'ID');
/** A run that goes on until it is aborted, a line each few milliseconds; and its token. */
async function startRun(): Promise<{ id: string; token: string }> {
  const variables = { definition: 'walkSteps', input: { steps: 10_000, ms: 40 } };
  const { data } = await ask(ci.key, TRIGGER, variables);
  const { run, token } = data.triggerTask;
  return { id: run.id, token: token.token };
}
const abort = (token: string, id: string) =>
  ask(
    token,
    `mutation { abortTaskRun(id: "${id}") { __typename ... on Problem { code message } } }`,
  );
const mint = async (id: string, expiresIn: number): Promise<string> => {
  const { data } = await ask(
    ci.key,
    `mutation { mintRunToken(id: "${id}", expiresIn: ${expiresIn}) { ... on TokenMinted { token } } }`,
  );
  return data.mintRunToken.token;
};

const STATUS = 'subscription ($id: ID!) { taskRun(id: $id) { id status } }';
const TAIL = `subscription ($id: ID!, $after: String) {
  taskRunLog(id: $id, after: $after) {
    ... on LogLine { cursor message }
    ... on LogEnd { status }
  }
}`;
const socketOf = (token: string) =>
  createClient({
    url: socketAt(),
    webSocketImpl: WebSocket,
    connectionParams: bearer(token),
    retryAttempts: 0,
  });
const streamOf = (token: string) =>
  createSseClient({ url: `${at()}/stream`, headers: bearer(token), retryAttempts: 0 });

test('a browser follows its run over every transport, and sees nothing else', async () => {
  const [own, other] = [await startRun(), await startRun()];
  const none = `${other.id.slice(0, -8)}00000000`;

  for (const client of [socketOf(own.token), streamOf(own.token)]) {
    const first = async (query: string, id: string): Promise<string> => {
      for await (const event of client.iterate({ query, variables: { id } }))
        return JSON.stringify(event);
      return 'nothing';
    };
    const toldOf = async (query: string, id: string): Promise<string> =>
      (await first(query, id).catch((error: unknown) => JSON.stringify(error))).replaceAll(
        id,
        'ID',
      );
    expect(await first(STATUS, own.id)).toContain(own.id);
    expect(await first(TAIL, own.id)).toContain('"message"');
    for (const query of [STATUS, TAIL]) {
      const told = await toldOf(query, other.id);
      expect(told).toContain('TASK_RUN_NOT_FOUND');
      expect(told).toBe(await toldOf(query, none));
    }
    await client.dispose();
  }

  const READ = 'query ($id: ID!) { taskRun(id: $id) { id log { lines { message } } } }';
  expect((await ask(own.token, READ, { id: own.id })).data.taskRun.id).toBe(own.id);
  const LIST =
    '{ taskRuns { totalCount nodes { id } } taskRunCounts { total } taskDefinitions { id } }';
  await eventually(async () => {
    // Both are in the index, and one is shown.
    const { data } = await ask(ci.key, LIST);
    expect(data.taskRuns.totalCount).toBeGreaterThanOrEqual(2);
    expect((await ask(own.token, LIST)).data).toEqual({
      taskRuns: { totalCount: 1, nodes: [{ id: own.id }] },
      taskRunCounts: { total: 1 },
      taskDefinitions: [],
    });
  });
  for (const by of [
    (id: string) => ask(own.token, READ, { id }),
    (id: string) => abort(own.token, id),
  ])
    expect(await told(by, other.id)).toBe(await told(by, none));
  expect((await abort(own.token, own.id)).data.abortTaskRun).toMatchObject({
    __typename: 'Forbidden',
  });
  await Promise.all([own, other].map(({ id }) => abort(ci.key, id)));
});

/** What a client is shown that comes back with a new token from its cursor, until four of them were used up. */
class Viewer {
  readonly lines: number[] = [];
  readonly id: string;
  readonly variables: { id: string; after?: string };
  tokens = 0;
  #linesOfToken = 0;

  constructor(id: string) {
    this.id = id;
    this.variables = { id };
  }

  /** A new one each time. */
  readonly authorize = async (): Promise<{ authorization: string }> => {
    this.tokens++;
    this.#linesOfToken = 0;
    return bearer(await mint(this.id, 3));
  };

  readonly next = ({ data }: any): void => {
    const { cursor, message } = data.taskRunLog;
    if (cursor === undefined) return;
    // Clients send the same object again.
    this.variables.after = cursor;
    const [, step] = /^step (\d+)$/.exec(message) ?? [];
    if (step === undefined) return;
    this.lines.push(Number(step));
    if (this.tokens >= 4 && ++this.#linesOfToken === 3) void abort(ci.key, this.id);
  };
}

const eachOnce = (lines: readonly number[]): readonly number[] =>
  lines.map((_, index) => index + 1);

test('a stock client of sockets sees each line once over four tokens', async () => {
  const { id } = await startRun();
  const viewer = new Viewer(id);
  const closes: number[] = [];
  const client = createClient({
    url: socketAt(),
    webSocketImpl: WebSocket,
    connectionParams: viewer.authorize,
    retryAttempts: Infinity,
    retryWait: () => sleep(20),
    on: { closed: (event) => void closes.push((event as { code: number }).code) },
  });
  await new Promise<void>((complete, error) => {
    client.subscribe(
      { query: TAIL, variables: viewer.variables },
      { next: viewer.next, error, complete },
    );
  });
  await client.dispose();
  expect(viewer.lines.length).toBeGreaterThan(10);
  expect(viewer.lines).toEqual(eachOnce(viewer.lines));
  // The last one is our own.
  expect(closes.filter((code) => code === 4403).length).toBe(viewer.tokens - 1);
  expect(viewer.tokens).toBeGreaterThanOrEqual(4);
});

test('a stock client of event streams sees each line once over four tokens', async () => {
  const { id } = await startRun();
  const viewer = new Viewer(id);
  const client = createSseClient({
    url: `${at()}/stream`,
    headers: viewer.authorize,
    retryAttempts: Infinity,
    retry: () => sleep(20),
  });
  await new Promise<void>((complete, error) => {
    client.subscribe(
      { query: TAIL, variables: viewer.variables },
      { next: viewer.next, error, complete },
    );
  });
  client.dispose();
  expect(viewer.lines.length).toBeGreaterThan(10);
  expect(viewer.lines).toEqual(eachOnce(viewer.lines));
  expect(viewer.tokens).toBeGreaterThanOrEqual(4);
});

test('a trigger token that is used twenty times at once, at two gateways, is one run', async () => {
  const { data: minted } = await ask(
    ci.key,
    'mutation { mintTriggerToken(definition: "walkSteps", fixed: { steps: 2 }) { ... on TokenMinted { token } } }',
  );
  const { token } = minted.mintTriggerToken;
  const variables = { definition: 'walkSteps', input: { ms: 1 } };
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => ask(token, TRIGGER, variables, n)),
  );
  const outcomes = answers.map(({ data }) => data.triggerTask);
  const count = (name: string) => outcomes.filter(({ __typename }) => __typename === name).length;
  expect([count('TaskRunTriggered'), count('TaskRunDeduplicated')]).toEqual([1, 19]);
  expect(new Set(outcomes.map(({ run }) => run.id)).size).toBe(1);
  const [{ run, token: follow }] = outcomes;
  // Whoever triggered it goes on to follow it, at the other gateway as well.
  const STEPS = 'query ($id: ID!) { taskRun(id: $id) { status triggeredBy tenant hidden } }';
  await eventually(async () => {
    const { data } = await ask(follow.token, STEPS, run, 1);
    expect(data.taskRun).toEqual({
      status: 'SUCCEEDED',
      triggeredBy: 'key ci',
      tenant,
      hidden: ['INPUT', 'OUTPUT', 'WEB_UI'],
    });
  });
  const other = { ...variables, input: { ms: 2 } };
  expect((await ask(token, TRIGGER, other)).data.triggerTask).toMatchObject({
    __typename: 'KeyConflict',
  });
});
