import type { TaskDefinition, TaskModule } from '../task-definition.ts';

/**
 * Throws a `TypeError` that names what is wrong unless every function that this module exports is a task
 * definition under its own id. Worker and service check it when they start: a run is started by its id, and a
 * workflow type that the worker does not find makes its run loop for ever.
 */
export function checkCatalogue(module: object): asserts module is TaskModule {
  const entries = Object.entries(module);
  for (const [name, value] of entries) checkExport(name, value);
  if (entries.length === 0)
    throw new TypeError('Expected the module of workflows to export task definitions, got none.');
}

function checkExport(name: string, value: unknown): void {
  if (!isTaskDefinition(value))
    throw new TypeError(
      `Expected the module of workflows to export task definitions only; \`${name}\` is none: make it with \`defineTask\`, or move it to another file.`,
    );
  if (value.id !== name)
    throw new TypeError(
      `Expected the task definition "${value.id}" to be exported under its id, got \`${name}\`: rename one of them.`,
    );
}

/** Made by `defineTask`. */
// oxlint-disable-next-line typescript/no-explicit-any -- parameters are contravariant, as in TaskModule
export const isTaskDefinition = (value: unknown): value is TaskDefinition<any, unknown> =>
  typeof value === 'function' && 'id' in value && 'title' in value && 'input' in value;
