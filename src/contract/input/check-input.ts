import type { z } from 'zod';
import { PAYLOAD_LIMIT } from '../wire/payload-limit.ts';
import { utf8Length } from '../../tools/utf8-length.ts';
import type { TaskDescription } from '../task-definition.ts';
import { TaskError } from '../task-error.ts';
import type { InputIssue } from '../task-error.ts';
import { readValue } from './read-value.ts';

/**
 * Resolves to the input as the definition's schema reads it, defaults filled in, when a caller may give it to this
 * definition; else throws what is wrong with each field.
 */
export async function checkInput(definition: TaskDescription, input: unknown): Promise<unknown> {
  const bytes = utf8Length(toJson(definition, input));
  if (bytes > PAYLOAD_LIMIT)
    throw new TaskError(
      'PAYLOAD_TOO_LARGE',
      `The input of ${definition.id} may have ${PAYLOAD_LIMIT} bytes as JSON, and has ${bytes}: store it elsewhere and pass where it is.`,
    );
  return readInput(definition, input);
}

/** Resolves to the input as the definition's schema reads it; throws `INVALID_INPUT` with what is wrong. */
export async function readInput<Schema extends z.ZodType>(
  { id, input: schema }: { readonly id: string; readonly input: Schema },
  input: unknown,
): Promise<z.output<Schema>> {
  const { data, issues } = await readValue(schema, input);
  if (issues) throw invalidInput({ id }, issues);
  return data;
}

function invalidInput(
  { id }: Pick<TaskDescription, 'id'>,
  issues: readonly InputIssue[],
): TaskError {
  const texts = issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join('.')}: ${message}` : message,
  );
  const more = texts.length > SHOWN ? `; and ${texts.length - SHOWN} more` : '';
  return new TaskError(
    'INVALID_INPUT',
    `The input of ${id} is not valid. ${texts.slice(0, SHOWN).join('; ')}${more}`,
    { issues },
  );
}
const SHOWN = 5;

function toJson(definition: TaskDescription, input: unknown): string {
  try {
    // oxlint-disable-next-line typescript/no-unnecessary-condition -- `undefined` has no JSON, whatever the types say
    return JSON.stringify(input) ?? 'null';
  } catch (error) {
    // A cycle, a BigInt, a depth without end, a `toJSON` that throws.
    throw invalidInput(definition, [
      {
        path: [],
        code: 'not_json',
        message: `It cannot be written as JSON: ${error instanceof Error ? error.message : String(error)}`,
      },
    ]);
  }
}
