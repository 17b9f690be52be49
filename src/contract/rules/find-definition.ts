import { nearest } from '../../tools/nearest.ts';
import type { TaskModule } from '../task-definition.ts';
import { TaskError } from '../task-error.ts';
import { publicDefinitions } from './public-definitions.ts';

/** The definition that has this id, or a `TaskError` that names the nearest public ones. */
export function findDefinition(tasks: TaskModule, id: string): TaskModule[string] {
  const found = Object.hasOwn(tasks, id) ? tasks[id] : undefined;
  if (found) return found;
  throw unknownDefinition(id, Object.keys(publicDefinitions(tasks)));
}

/** Says that there is no such definition, and which of these ids may have been meant. */
export function unknownDefinition(id: string, ids: readonly string[]): TaskError {
  const suggestions = nearest(id, ids);
  return new TaskError(
    'TASK_DEFINITION_NOT_FOUND',
    `There is no task definition ${JSON.stringify(id.slice(0, 100))}${
      suggestions.length > 0 ? `; did you mean ${suggestions.map(quote).join(' or ')}?` : '.'
    }`,
    { suggestions },
  );
}

const quote = (id: string): string => JSON.stringify(id);
