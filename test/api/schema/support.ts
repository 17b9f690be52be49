import { graphql } from 'graphql';
import type { ExecutionResult, GraphQLSchema } from 'graphql';
import { z } from 'zod';
import { createContext } from '../../../src/api/schema/kit/context.ts';
import { createSchema } from '../../../src/api/create-schema.ts';
import type { SchemaOptions } from '../../../src/api/create-schema.ts';
import { describeDefinitions } from '../../../src/contract/rules/describe-definition.ts';
import { publicDefinitions } from '../../../src/contract/rules/public-definitions.ts';
import type { TaskDefinition, TaskModule } from '../../../src/contract/task-definition.ts';
import { FakeTasks } from '../../../src/testing/fake-tasks.ts';
import { sessionOf } from '../../../src/login/session.ts';

/** A definition whose code never runs. */
export function defined(
  id: string,
  input: z.ZodType = z.object({}),
  more: { output?: z.ZodType; private?: boolean; description?: string; grace?: number } = {},
): TaskDefinition<never, unknown> {
  return Object.assign(async () => await Promise.resolve(), {
    id,
    title: id.replaceAll(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`),
    description: '',
    private: false,
    output: undefined,
    grace: 30,
    examples: [],
    ...more,
    input,
  });
}

export const moduleOf = (...definitions: TaskDefinition<never, unknown>[]): TaskModule =>
  Object.fromEntries(definitions.map((definition) => [definition.id, definition])) as TaskModule;

export const schemaOf = (tasks: TaskModule, more: Partial<SchemaOptions> = {}): GraphQLSchema =>
  createSchema({ definitions: describeDefinitions(publicDefinitions(tasks)), ...more });

// oxlint-disable-next-line typescript/no-explicit-any -- tests say in their assertions what they expect of an answer
export type Answer = any;

/** A gateway without its transports: the schema over tasks in memory. */
export function gatewayOf(
  module: TaskModule = moduleOf(defined('copyFiles', z.object({ folder: z.string().min(1) }))),
  options: Partial<SchemaOptions> = {},
) {
  const tasks = new FakeTasks({ tasks: module });
  const schema = schemaOf(module, options);
  const actor = { name: 'ada' };
  const ask = async (
    source: string,
    variableValues?: Record<string, unknown>,
  ): Promise<ExecutionResult<Answer>> =>
    (await graphql({
      schema,
      source,
      contextValue: createContext({ tasks, session: sessionOf(actor) }),
      ...(variableValues && { variableValues }),
    })) as ExecutionResult<Answer>;
  /** The data of an answer without errors. */
  const read = async (source: string, variables?: Record<string, unknown>): Promise<Answer> => {
    const { data, errors } = await ask(source, variables);
    if (errors?.[0]) throw errors[0];
    return data;
  };
  /** How often the service was called for this document, by method. */
  const cost = async (source: string, variables?: Record<string, unknown>) => {
    const before = { ...tasks.calls } as Record<string, number>;
    await read(source, variables);
    return Object.fromEntries(
      Object.entries(tasks.calls)
        .map(([method, count]) => [method, count - (before[method] ?? 0)] as const)
        .filter(([method, count]) => count > 0 && method !== 'as' && method !== 'definitions'),
    );
  };
  return { module, tasks, schema, actor, ask, read, cost };
}
