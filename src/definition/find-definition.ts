import { nearest } from './nearest.ts';
import type { TaskModule } from './task-definition.ts';
import { TaskError } from './task-error.ts';

/** The definition that has this id, or a `TaskError` that names the nearest public ones. */
export function findDefinition(tasks: TaskModule, id: string): TaskModule[string] {
  const found = Object.hasOwn(tasks, id) ? tasks[id] : undefined;
  if (found) return found;
  const suggestions = nearest(id, publicIds(tasks));
  throw new TaskError(
    'TASK_DEFINITION_NOT_FOUND',
    `There is no task definition ${JSON.stringify(id.slice(0, 100))}${
      suggestions.length > 0 ? `; did you mean ${suggestions.map(quote).join(' or ')}?` : '.'
    }`,
    { suggestions },
  );
}

const publicIds = (tasks: TaskModule): string[] =>
  Object.values(tasks)
    .filter((definition) => !definition.private)
    .map(({ id }) => id);
const quote = (id: string): string => JSON.stringify(id);
