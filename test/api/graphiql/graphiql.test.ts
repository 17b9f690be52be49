import { runInNewContext, Script } from 'node:vm';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { graphql, Kind, OperationTypeNode, parse, subscribe, validate } from 'graphql';
import type { ExecutionResult } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ANY_DEFINITION, ANY_RUN, examplesFor } from '../../../src/api/graphiql/examples.ts';
import { registerGraphiql } from '../../../src/api/graphiql/graphiql.ts';
import { createContext } from '../../../src/api/schema/kit/context.ts';
import { describeDefinitions } from '../../../src/contract/rules/describe-definition.ts';
import type { TaskModule } from '../../../src/contract/task-definition.ts';
import { FakeTasks } from '../../../src/testing/fake-tasks.ts';
import * as builtIn from '../../../src/workflows/index.ts';
import { schemaOf } from '../schema/support.ts';
import { sessionOf } from '../../../src/login/session.ts';

const definitions = describeDefinitions(builtIn);
const NOW = new Date('2026-11-24T06:00:00Z');

const variablesOf = ({ initialEnvironments }: any): any =>
  initialEnvironments.subEnvironments[0].variables;
const runOf = (options: any): unknown => variablesOf(options).run;

/** What the script of a tab keeps in the page when its document was answered so. */
function keptBy(script: string, answer: object): Record<string, string> {
  const kept: Record<string, string> = {};
  runInNewContext(script, {
    altair: {
      response: { body: JSON.stringify(answer) },
      helpers: {
        setEnvironment: (name: string, value: string, active: boolean) => {
          expect(active).toBe(true);
          kept[name] = value;
        },
      },
    },
  });
  return kept;
}

const newest = (id: string) => () => ({ data: { taskRuns: { nodes: [{ id }] } } });

describe('the page', () => {
  let app: FastifyInstance;
  beforeAll(async () => {
    app = Fastify();
    await app.register(
      async (inner) =>
        await registerGraphiql(inner, { path: '/graphiql', endpoint: '/api/graphql', definitions }),
      { prefix: '/api' },
    );
  });
  afterAll(async () => await app.close());
  const get = async (url: string) => await app.inject({ url });

  test('loads nothing but what this gateway serves', async () => {
    const page = await get('/api/graphiql');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain("default-src 'self'");
    const base = /<base href="([^"]+)"/.exec(page.body)?.[1] ?? '';
    const loaded = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)]
      .map(([, address = '']) => address)
      .filter((address) => address !== base);
    expect(loaded).toContain('main.js');
    expect(loaded).toContain('start.js');
    for (const address of loaded)
      expect({ address, status: (await get(base + address)).statusCode }).toEqual({
        address,
        status: 200,
      });
  });

  test('starts with the examples, at the addresses of this API', async () => {
    const { body, headers } = await get('/api/graphiql/start.js');
    expect(headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(body).toContain('"/api/graphql"');
    for (const { name } of examplesFor(definitions, NOW)) expect(body).toContain(`"${name}"`);
    // It is a script that a browser can read.
    expect(() => new Script(body)).not.toThrow();
  });

  /** What the page starts Altair with, when the API answers so. */
  async function startOptions(search: string, answer: () => object): Promise<any> {
    const { body } = await get('/api/graphiql/start.js');
    return await new Promise((resolve, reject) => {
      const done: Promise<void> = runInNewContext(body, {
        location: { href: `http://waymark/api/graphiql${search}`, search },
        URL,
        URLSearchParams,
        fetch: async () => ({ json: async () => answer() }),
        AltairGraphQL: { init: resolve },
        MutationObserver: class {
          observe() {}
        },
        document: {},
        localStorage: { getItem: () => 'opened' },
      });
      done.catch(reject);
    });
  }

  test('is about one run when it is asked for with its id', async () => {
    const { initialWindows, preserveState } = await startOptions('?run=a%22%2Fb', newest('other'));
    expect(preserveState).toBe(false);
    const page = initialWindows.find((tab: any) => tab.initialName === 'Read its log');
    expect(page.initialQuery).toContain(String.raw`taskRun(id: "a\"/b")`);
  });

  test('is about the newest run otherwise, and says so when there is none', async () => {
    expect(runOf(await startOptions('', newest('a"b')))).toBe(String.raw`a\"b`);
    expect(runOf(await startOptions('', () => ({ data: null })))).toBe('trigger a run first');
  });

  test('a definition that nobody has chosen yet is what to do first', async () => {
    const { definition } = variablesOf(await startOptions('', newest('x')));
    const tasks: FakeTasks = new FakeTasks({ tasks: builtIn as TaskModule });
    const contextValue = createContext({ tasks, session: sessionOf({ name: 'ada' }) });
    const [, trigger] = examplesFor([], NOW);
    const source = trigger?.query.replaceAll(ANY_DEFINITION, definition) ?? '';
    const { data } = await graphql({ schema: schemaOf(builtIn), source, contextValue });
    expect(data).toMatchObject({
      triggerTask: {
        code: 'TASK_DEFINITION_NOT_FOUND',
        message: 'There is no task definition "run the tab Start here first".',
      },
    });
  });

  test('keeps the run that is triggered in it for the other tabs', async () => {
    const { initialWindows } = await startOptions('', newest('old'));
    const { initialPostRequestScript: script, postRequestScriptEnabled: enabled } =
      initialWindows.find((tab: any) => tab.initialName === 'Trigger');
    expect(enabled).toBe(true);
    const after = (answer: object) => keptBy(script, answer);
    expect(after({ data: { triggerTask: { run: { id: 'new' } } } })).toEqual({ run: 'new' });
    expect(after({ data: { triggerTask: { __typename: 'InvalidInput' } } })).toEqual({});
    expect(after({ errors: [{ message: 'down' }] })).toEqual({});
  });

  test('shows errors of subscriptions: they come as event streams', async () => {
    for (const tab of (await startOptions('', newest('x'))).initialWindows)
      expect(tab).toMatchObject({
        subscriptionsEndpoint: 'http://waymark/api/graphql/stream',
        initialSubscriptionRequestHandlerId: 'graphql-sse',
      });
  });

  test('can be asked for with a slash at its end', async () => {
    const { statusCode, headers } = await get('/api/graphiql/');
    expect({ statusCode, to: headers.location }).toEqual({ statusCode: 302, to: '/api/graphiql' });
  });

  test.each(['../package.json', '..%2f..%2fpackage.json', 'nothing.js', '%00'])(
    'has nothing at %s',
    async (name) => {
      expect((await get(`/api/graphiql/${name}`)).statusCode).toBe(404);
    },
  );
});

describe('each example', () => {
  const schema = schemaOf(builtIn);

  describe.each([
    ['for everybody', examplesFor(definitions, NOW)],
    ['behind a login', examplesFor([], NOW)],
  ])('%s', (_, examples) => {
    test('fits the schema', () => {
      for (const { query } of examples) expect(validate(schema, parse(query))).toEqual([]);
    });

    test('runs as it is, with what the tabs before it found and triggered', async () => {
      const tasks: FakeTasks = new FakeTasks({ tasks: builtIn as TaskModule });
      const contextValue = createContext({ tasks, session: sessionOf({ name: 'ada' }) });
      const kept: Record<string, string> = {};
      for (const { query, script = '' } of examples) {
        const source = query
          .replaceAll(ANY_RUN, () => kept['run'] ?? '')
          .replaceAll(ANY_DEFINITION, () => kept['definition'] ?? '');
        const answer = await (isSubscription(source)
          ? firstOf(await subscribe({ schema, document: parse(source), contextValue }))
          : graphql({ schema, source, contextValue }));
        expect(answer.errors).toBeUndefined();
        expect(JSON.stringify(answer.data)).not.toMatch(/"code":"(?:INVALID|TASK)_/);
        Object.assign(kept, keptBy(script, answer));
      }
      expect(await tasks.count()).toBe(1);
    });
  });

  test('behind a login names no definition, and says what comes first', async () => {
    const examples = examplesFor([], NOW);
    for (const { id } of definitions) expect(JSON.stringify(examples)).not.toContain(id);
    const [start, trigger] = examples;
    expect(start?.query).toContain('Authorization');
    expect(trigger?.query).toContain('"Start here" found');
  });

  test('draws no editor of the page for each line of a log', () => {
    const queries = examplesFor(definitions, NOW).map(({ query }) => query);
    const fields = queries.flatMap((query) =>
      parse(query).definitions.flatMap((definition) =>
        'selectionSet' in definition ? definition.selectionSet.selections : [],
      ),
    );
    expect(fields.map((field: any) => field.name.value)).not.toContain('taskRunLog');
  });

  test.each([
    [[{ 'a-b': 1 }], 'input: {}'],
    [[{ a: ['x', 1, null, { b: true }] }], 'input: { a: ["x", 1, null, { b: true }] }'],
    [[], 'input: {}'],
  ])('triggers with the first example of a definition: %j', (examples, expected) => {
    const [definition] = definitions;
    if (!definition) throw new Error('Expected a definition');
    const [, trigger] = examplesFor([{ ...definition, examples }], NOW);
    expect(trigger?.query).toContain(expected);
  });
});

function isSubscription(source: string): boolean {
  const [operation] = parse(source).definitions;
  return (
    operation?.kind === Kind.OPERATION_DEFINITION &&
    operation.operation === OperationTypeNode.SUBSCRIPTION
  );
}

async function firstOf(events: Awaited<ReturnType<typeof subscribe>>): Promise<ExecutionResult> {
  if (!(Symbol.asyncIterator in events)) return events;
  const first = await events.next();
  await events.return();
  if (first.done === true) throw new Error('Expected an event');
  return first.value;
}
