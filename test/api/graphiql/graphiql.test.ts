import { runInNewContext, Script } from 'node:vm';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { graphql, OperationTypeNode, parse, validate } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { examplesFor } from '../../../src/api/graphiql/examples.ts';
import { registerGraphiql } from '../../../src/api/graphiql/graphiql.ts';
import { createContext } from '../../../src/api/schema/kit/context.ts';
import { describeDefinitions } from '../../../src/contract/rules/describe-definition.ts';
import type { TaskModule } from '../../../src/contract/task-definition.ts';
import { FakeTasks } from '../../../src/testing/fake-tasks.ts';
import * as builtIn from '../../../src/workflows/index.ts';
import { schemaOf } from '../schema/support.ts';

const definitions = describeDefinitions(builtIn);
const NOW = new Date('2026-11-24T06:00:00Z');

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

  test('is about one run when it is asked for with its id', async () => {
    const { body } = await get('/api/graphiql/start.js');
    const started: any[] = [];
    runInNewContext(body, {
      location: { href: 'http://waymark/api/graphiql?run=x', search: '?run=a%22%2Fb' },
      URL,
      URLSearchParams,
      AltairGraphQL: { init: (options: unknown) => started.push(options) },
      MutationObserver: class {
        observe() {}
      },
      document: {},
    });
    const [{ initialWindows, preserveState }] = started;
    expect(preserveState).toBe(false);
    const log = initialWindows.find((tab: any) => tab.initialName === 'Follow its log');
    expect(log.initialQuery).toContain(String.raw`taskRunLog(id: "a\"/b")`);
    // One answer, where a subscription to a long log would be a panel of the page for each line.
    const page = initialWindows.find((tab: any) => tab.initialName === 'Read its log');
    expect(page.initialQuery).toContain(String.raw`taskRun(id: "a\"/b")`);
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

  test.each(examplesFor(definitions, NOW))('$name fits the schema', ({ query }) => {
    expect(validate(schema, parse(query))).toEqual([]);
  });

  test('that reads or changes something runs', async () => {
    const tasks: FakeTasks = new FakeTasks({ tasks: builtIn as TaskModule });
    const context = createContext({ tasks, actor: { name: 'ada' } });
    for (const { query } of examplesFor(definitions, NOW)) {
      const [operation] = parse(query).definitions;
      if (
        operation &&
        'operation' in operation &&
        operation.operation === OperationTypeNode.SUBSCRIPTION
      )
        continue;
      const { errors } = await graphql({ schema, source: query, contextValue: context });
      expect(errors).toBeUndefined();
    }
    expect(await tasks.count()).toBe(1);
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
