// Whatever the schema files let one ask for has its rule: somebody who may do nothing is told nothing by it.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { buildSchema, isObjectType } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RunTokens } from '../../src/login/run-tokens.ts';
import { Unauthenticated } from '../../src/login/refusal.ts';
import { sessionOf } from '../../src/login/session.ts';
import type { FakeTasks } from '../../src/testing/fake-tasks.ts';
import { testGateway } from './support/app.ts';
import { connect, eventually } from './support/live-gateway.ts';
import type { Message } from './support/live-gateway.ts';

const read = (file: string): Promise<string> =>
  readFile(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8');
const printed = buildSchema(
  `${await read('schema.graphql')}\n${await read('schema.webiny.graphql')}`,
);

/** In everything that a caller without rights must not be told. */
const PLANTED = 'planted-marker';
const tokens = new RunTokens([{ kid: 'a', secret: Buffer.alloc(32, 7) }]);

let app: FastifyInstance;
let service: FakeTasks<any>;
let address: string;
let id: string;
beforeEach(async () => {
  ({ app, service } = await testGateway({
    tokens,
    authenticate: async ({ authorization }) => {
      const [shown] = authorization;
      if (shown === undefined) throw new Unauthenticated('no-credential');
      return sessionOf({ name: 'nobody', tenant: 'acme', grants: [] });
    },
  }));
  address = await app.listen({ port: 0, host: '127.0.0.1' });
  const ann = service.as({ name: PLANTED, tenant: 'acme' });
  const run = await ann.trigger({
    definition: 'testingRun',
    input: PLANTED,
    name: PLANTED,
    tags: [PLANTED],
  });
  ({ id } = run);
  service.start(id);
  service.log(id, { message: PLANTED });
});
afterEach(() => app.close());

/** Of a field that has no end. */
const NOTHING = Symbol('nothing');
const REFUSED = { __typename: 'Forbidden' };
const GONE = { __typename: 'TaskRunNotFound' };
const UNKNOWN = { __typename: 'TaskDefinitionNotFound' };
/** What a field answers when it throws. */
const thrown = (code: string) => ({ thrown: code });
const compat = (code: string) => ({ data: null, error: { code } });
const NONE = { data: [], error: null };

/** Each field that can be asked for: how, with `ID` for a run of somebody else, and what it answers whoever may do nothing. */
const ASKED: Readonly<Record<string, readonly [ask: string, answer: unknown]>> = {
  'Query.me': ['me { name tenant rights }', { name: 'nobody', tenant: 'acme', rights: [] }],
  // What is served, and to everybody who is let in.
  'Query.server': ['server { __typename }', { __typename: 'Server' }],
  'Query.taskDefinition': ['taskDefinition(id: "testingRun") { id }', null],
  'Query.taskDefinitions': ['taskDefinitions { id }', []],
  'Query.taskRun': ['taskRun(id: "ID") { id name input log { lines { message } } }', null],
  'Query.taskRunCounts': ['taskRunCounts { total }', { total: 0 }],
  'Query.taskRuns': ['taskRuns { totalCount nodes { id } }', { totalCount: 0, nodes: [] }],
  'Query.workers': ['workers { id }', thrown('FORBIDDEN')],
  'Query.backgroundTasks': ['backgroundTasks { _empty }', { _empty: null }],
  'WebinyBackgroundTaskQuery._empty': ['backgroundTasks { _empty }', { _empty: null }],
  'WebinyBackgroundTaskQuery.getSettings': [
    'backgroundTasks { getSettings { data { retentionDays } error { code } } }',
    { getSettings: compat('SECURITY_NOT_AUTHORIZED') },
  ],
  'WebinyBackgroundTaskQuery.getTask': [
    'backgroundTasks { getTask(id: "ID") { data { id } error { code } } }',
    { getTask: { data: null, error: null } },
  ],
  'WebinyBackgroundTaskQuery.listDefinitions': [
    'backgroundTasks { listDefinitions { data { id } error { code } } }',
    { listDefinitions: NONE },
  ],
  'WebinyBackgroundTaskQuery.listLogs': [
    'backgroundTasks { listLogs { data { id } error { code } } }',
    { listLogs: NONE },
  ],
  'WebinyBackgroundTaskQuery.listTasks': [
    'backgroundTasks { listTasks { data { id } error { code } } }',
    { listTasks: NONE },
  ],
  'Mutation.abortTaskRun': ['abortTaskRun(id: "ID") { __typename }', GONE],
  'Mutation.deleteTaskRun': ['deleteTaskRun(id: "ID") { __typename }', GONE],
  'Mutation.mintRunToken': ['mintRunToken(id: "ID") { __typename }', REFUSED],
  'Mutation.mintTriggerToken': [
    'mintTriggerToken(definition: "testingRun") { __typename }',
    REFUSED,
  ],
  'Mutation.rerunTaskRun': ['rerunTaskRun(id: "ID") { __typename }', GONE],
  'Mutation.resumeTaskRun': ['resumeTaskRun(id: "ID") { __typename }', GONE],
  'Mutation.terminateTaskRun': ['terminateTaskRun(id: "ID") { __typename }', GONE],
  'Mutation.triggerTask': ['triggerTask(definition: "testingRun") { __typename }', UNKNOWN],
  'Mutation.trigger…': ['triggerTestingRun(input: 1) { __typename }', UNKNOWN],
  'Mutation.backgroundTasks': ['backgroundTasks { _empty }', { _empty: null }],
  'WebinyBackgroundTaskMutation._empty': ['backgroundTasks { _empty }', { _empty: null }],
  'WebinyBackgroundTaskMutation.abortTask': [
    'backgroundTasks { abortTask(id: "ID") { data { id } error { code } } }',
    { abortTask: compat('NOT_FOUND') },
  ],
  'WebinyBackgroundTaskMutation.deleteTask': [
    'backgroundTasks { deleteTask(id: "ID") { data error { code } } }',
    { deleteTask: compat('NOT_FOUND') },
  ],
  'WebinyBackgroundTaskMutation.triggerTask': [
    'backgroundTasks { triggerTask(definition: testingRun) { data { id } error { code } } }',
    { triggerTask: compat('TASK_DEFINITION_ERROR') },
  ],
  'WebinyBackgroundTaskMutation.updateSettings': [
    'backgroundTasks { updateSettings(input: { retentionDays: 3 }) { data { retentionDays } error { code } } }',
    { updateSettings: compat('SECURITY_NOT_AUTHORIZED') },
  ],
  'Subscription.taskRun': ['taskRun(id: "ID") { id }', thrown('TASK_RUN_NOT_FOUND')],
  'Subscription.taskRunLog': ['taskRunLog(id: "ID") { __typename }', thrown('TASK_RUN_NOT_FOUND')],
  // It has no end, and nothing comes.
  'Subscription.taskRuns': ['taskRuns { __typename }', NOTHING],
};

/** Types whose fields each ask for something. */
const DOORS = [
  'Query',
  'Mutation',
  'Subscription',
  'WebinyBackgroundTaskQuery',
  'WebinyBackgroundTaskMutation',
];
const doorsOf = (schema: GraphQLSchema): readonly string[] =>
  DOORS.flatMap((name) => {
    const type = schema.getType(name);
    return isObjectType(type)
      ? Object.keys(type.getFields()).map((field) => `${name}.${field}`)
      : [];
  });
/** They are made for each definition, and all are `triggerTask`. */
const OF_A_DEFINITION = /^Mutation\.trigger(?!Task$)\w+$/;

test('each field of the schema files is here', () => {
  const doors = doorsOf(printed).filter((door) => !OF_A_DEFINITION.test(door));
  expect([...doors, 'Mutation.trigger…'].toSorted()).toEqual(Object.keys(ASKED).toSorted());
});

const KINDS: Readonly<Record<string, string>> = {
  Mutation: 'mutation',
  WebinyBackgroundTaskMutation: 'mutation',
  Subscription: 'subscription',
};
const documentOf = (door: string, ask: string): string => {
  const kind = KINDS[door.split('.')[0] ?? ''] ?? 'query';
  return `${kind} { ${ask.replaceAll('ID', id)} }`;
};
/** What comes first; nothing when that is what is expected, and what there was to be told has been asked for. */
async function firstOf(query: string, isSilent: boolean): Promise<Message | undefined> {
  const before = service.calls.watchList ?? 0;
  const client = await connect(`${address.replace('http', 'ws')}/graphql`, {
    headers: { authorization: 'Bearer x' },
  });
  client.send({ type: 'subscribe', id: '1', payload: { query } });
  if (isSilent) {
    await eventually(() => (service.calls.watchList ?? 0) > before);
    service.succeed(id);
    client.send({ type: 'subscribe', id: '2', payload: { query: '{ me { name } }' } });
  }
  const first = await client.next();
  client.socket.close();
  return first.id === '2' ? undefined : first;
}

const WRITES = ['trigger', 'rerun', 'abort', 'terminate', 'delete', 'updateSettings'] as const;

describe.each(Object.entries(ASKED))('%s', (door, [ask, answer]) => {
  test('tells and does nothing for a caller without rights', async () => {
    const before = { ...service.calls };
    const told = await firstOf(documentOf(door, ask), answer === NOTHING);
    const text = JSON.stringify(told ?? null);
    const [failed] = told?.type === 'error' ? told.payload : (told?.payload.errors ?? []);
    const [value = null] = Object.values<unknown>(told?.payload.data ?? {});
    expect(failed ? thrown(failed.extensions.code) : told ? value : NOTHING).toEqual(answer);
    expect(text).not.toContain(PLANTED);
    for (const verb of WRITES) expect(service.calls[verb]).toBe(before[verb]);
  });

  test('is refused without a credential', async () => {
    const { status } = await fetch(`${address}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: documentOf(door, ask) }),
    });
    expect(status).toBe(401);
  });
});
