import type { z } from 'zod';
import type { InputIssue } from '../task-error.ts';
import { throwingPath } from './throwing-path.ts';

/** Lists and objects within each other: deeper than any input that a person writes, far from the depth that ends a process. */
export const MAX_DEPTH = 200;

export type ReadValue<Output> =
  | { readonly data: Output; readonly issues?: never }
  | { readonly data?: never; readonly issues: readonly InputIssue[] };

/**
 * A value as a schema reads it, or what is wrong with it, one issue a field. Schemas run their author's code, and call
 * themselves for each level of a value: what they throw is the value's fault too.
 */
export async function readValue<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): Promise<ReadValue<z.output<Schema>>> {
  const deep = tooDeep(value);
  if (deep) return { issues: [deep] };
  try {
    const { success, data, error } = await schema.safeParseAsync(value);
    return success ? { data } : { issues: toIssues(error) };
  } catch (error) {
    const path = await throwingPath(schema, value);
    return {
      issues: [{ path, code: 'unreadable', message: `It cannot be read: ${messageOf(error)}` }],
    };
  }
}

function toIssues(error: z.ZodError): readonly InputIssue[] {
  const fields = new Map<string, InputIssue>();
  for (const { path, code, message } of error.issues) {
    const keys = path.map((key) => (typeof key === 'symbol' ? key.toString() : key));
    const field = JSON.stringify(keys);
    // What zod found first in it.
    if (!fields.has(field)) fields.set(field, { path: keys, code, message });
  }
  return [...fields.values()];
}

/** Named by its outermost field: a path of hundreds of keys helps nobody. */
function tooDeep(value: unknown): InputIssue | undefined {
  const field = partsOf(value).find(([, part]) => isDeeperThan(part, MAX_DEPTH - 1));
  return (
    field && {
      path: [Array.isArray(value) ? Number(field[0]) : field[0]],
      code: 'too_deep',
      message: `Expected at most ${MAX_DEPTH} levels, got a deeper value`,
    }
  );
}

/** Level by level: whatever calls itself has an end of its own. */
function isDeeperThan(value: unknown, levels: number): boolean {
  let level = [value].filter(isNested);
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === levels) return true;
    level = level.flatMap((one) => Object.values(one).filter(isNested));
  }
  return false;
}

const partsOf = (value: unknown): readonly (readonly [string, unknown])[] =>
  isNested(value) ? Object.entries(value) : [];
const isNested = (value: unknown): value is object => typeof value === 'object' && value !== null;

function messageOf(thrown: unknown): string {
  try {
    return (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, 200);
  } catch {
    return 'something was thrown that has no text';
  }
}
