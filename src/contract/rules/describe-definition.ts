import { z } from 'zod';
import type { TaskDescription, TaskModule } from '../task-definition.ts';
import type { TaskDefinitionInfo } from '../tasks.ts';

/** The task that every installation has; lists show it first. */
const FIRST = 'testingRun';

/** The catalogue as it is published: `testingRun` first, then by id. */
export function describeDefinitions(tasks: TaskModule): readonly TaskDefinitionInfo[] {
  let described = DESCRIBED.get(tasks);
  if (!described) {
    described = Object.values(tasks)
      .map((definition) => describeDefinition(definition))
      .toSorted((a, b) => Number(b.id === FIRST) - Number(a.id === FIRST) || byCode(a.id, b.id));
    DESCRIBED.set(tasks, described);
  }
  return described;
}
/** A module never changes, and is asked for with each run that is shown: making JSON Schemas is dear. */
const DESCRIBED = new WeakMap<TaskModule, readonly TaskDefinitionInfo[]>();

export function describeDefinition(definition: TaskDescription): TaskDefinitionInfo {
  const { id, title, description, input, output, examples, grace } = definition;
  return {
    id,
    title,
    description,
    private: definition.private,
    inputSchema: toJsonSchema(input, 'input'),
    outputSchema: output ? toJsonSchema(output, 'output') : null,
    examples,
    grace,
  };
}

// What JSON Schema cannot say, such as a transform's result, is shown as "anything".
const toJsonSchema = (schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> => ({
  ...z.toJSONSchema(schema, { io, unrepresentable: 'any' }),
});

/** Not by the locale: every gateway must list alike. */
const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
