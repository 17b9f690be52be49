import { readFile } from 'node:fs/promises';
import { graphql, Kind, OperationTypeNode, parse, subscribe, validate } from 'graphql';
import type { OperationDefinitionNode } from 'graphql';
import { describe, expect, test } from 'vitest';
import { createContext } from '../../src/api/schema/kit/context.ts';
import type { TaskModule } from '../../src/contract/task-definition.ts';
import { RunTokens } from '../../src/login/run-tokens.ts';
import { FakeTasks } from '../../src/testing/fake-tasks.ts';
import * as builtIn from '../../src/workflows/index.ts';
import { schemaOf } from './schema/support.ts';
import { sessionOf } from '../../src/login/session.ts';

const schema = schemaOf(builtIn);
const pages = ['graphql', 'operations'].map((name) =>
  readFile(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8'),
);
const text = (await Promise.all(pages)).join('\n');
const documents = [...text.matchAll(/```graphql\n(.*?)```/gs)].map(([, source = '']) => source);

test('there is a document for each task that the page names', () => {
  expect(documents.length).toBeGreaterThan(15);
});

describe.each(documents.map((source) => ({ name: operationOf(source).name?.value, source })))(
  '$name',
  ({ source }) => {
    test('fits the schema', () => {
      expect(validate(schema, parse(source))).toEqual([]);
    });

    test('runs', async () => {
      const tasks: FakeTasks = new FakeTasks({ tasks: builtIn as TaskModule });
      const { id } = await tasks.trigger({
        definition: 'checksumFiles',
        input: { folder: 'photos' },
      });
      tasks.start(id);
      // Only what has ended badly is gone on from.
      if (source.includes('resumeTaskRun')) tasks.fail(id, new Error('no'));
      const variableValues = {
        id,
        folder: 'photos',
        definition: 'checksumFiles',
        input: { folder: 'photos' },
        key: 'k',
        since: '2026-01-01T00:00:00Z',
        longAgo: '2026-01-01T00:00:00Z',
        today: '2026-01-01T00:00:00Z',
        nearRetention: '2026-01-01T00:00:00Z',
      };
      const contextValue = createContext({
        tasks,
        session: { ...sessionOf({ name: 'ada' }), credential: 'API_KEY' },
        tokens: new RunTokens([{ kid: 'a', secret: new Uint8Array(32) }]),
      });
      if (operationOf(source).operation !== OperationTypeNode.SUBSCRIPTION) {
        const { data, errors } = await graphql({ schema, source, variableValues, contextValue });
        expect(errors).toBeUndefined();
        expect(JSON.stringify(data)).not.toContain('"code"');
        return;
      }
      const events = await subscribe({
        schema,
        document: parse(source),
        variableValues,
        contextValue,
      });
      if (!(Symbol.asyncIterator in events)) throw new Error('Expected events');
      expect((await events.next()).value).toMatchObject({ data: {} });
      await events.return();
    });
  },
);

function operationOf(source: string): OperationDefinitionNode {
  const [first] = parse(source).definitions;
  if (first?.kind !== Kind.OPERATION_DEFINITION)
    throw new Error(`Expected an operation: ${source}`);
  return first;
}
