import { LIMITS } from '../limits.ts';
import type { TaskDescription } from '../task-definition.ts';
import { isGrace } from './check-abort.ts';

/** Names that a lookup by key would find on any object, or that Temporal takes for "any workflow". */
const TAKEN = new Set([...Object.getOwnPropertyNames(Object.prototype), 'default']);

/**
 * Throws a `TypeError` for a description that could not be served. It is thrown while the workflow bundle loads,
 * far from the line at fault, so each message names the definition.
 */
export function checkDescription(description: TaskDescription): void {
  const { id, title, grace, input } = description;
  if (typeof id !== 'string' || !/^[a-z][a-zA-Z0-9]{0,99}$/.test(id))
    throw new TypeError(
      `Expected the \`id\` of a task definition to be camelCase, of 1 to 100 letters and digits, got ${show(id)}.`,
    );
  if (TAKEN.has(id))
    throw new TypeError(`The id "${id}" is taken by JavaScript itself: choose another one.`);
  if (typeof title !== 'string' || title.trim() === '' || title.length > 200)
    throw wrong(id, 'title', '1 to 200 characters', title);
  if (description.description !== null && typeof description.description !== 'string')
    throw wrong(id, 'description', 'a text', description.description);
  if (!isGrace(grace))
    throw wrong(id, 'grace', `a whole number from 0 to ${LIMITS.grace} seconds`, grace);
  if (typeof (input as { safeParseAsync?: unknown } | undefined)?.safeParseAsync !== 'function')
    throw wrong(id, 'input', 'a zod schema', input);
}

export const wrong = (id: string, option: string, expected: string, got: unknown): TypeError =>
  new TypeError(
    `Expected \`${option}\` of the task definition "${id}" to be ${expected}, got ${show(got)}.`,
  );

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 120));
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
