import { ApplicationFailure } from '@temporalio/workflow';
import type { z } from 'zod';
import { readInput } from '../contract/input/check-input.ts';
import { readValue } from '../contract/input/read-value.ts';
import { TaskError } from '../contract/task-error.ts';
import { fit } from '../contract/wire/payload-limit.ts';

export async function parseInput<Input extends z.ZodType>(
  { id, input: schema }: { readonly id: string; readonly input: Input },
  input: unknown,
): Promise<z.output<Input>> {
  try {
    return await readInput({ id, input: schema }, input);
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
    throw ApplicationFailure.nonRetryable(error.message, error.code, error.details);
  }
}

export async function checkOutput<Output>(
  { id, output: schema }: { readonly id: string; readonly output?: z.ZodType<Output> | undefined },
  output: Output,
): Promise<Output> {
  assertFits(`The output of ${id}`, output);
  if (!schema) return output;
  const { data, issues } = await readValue(schema, output);
  if (!issues) return data;
  throw ApplicationFailure.nonRetryable(
    `The output of ${id} does not fit its schema. ${issues
      .slice(0, 5)
      .map(({ path, message }) => `${path.join('.')}: ${message}`)
      .join('; ')}`,
    'INVALID_OUTPUT',
    { issues },
  );
}

/**
 * Throws a failure that ends the run unless Temporal can carry this value. Without it the workflow task would fail
 * and be tried again for ever.
 */
export function assertFits(what: string, value: unknown): void {
  const { unfit } = fit(what, value, { code: 'INVALID_OUTPUT' });
  if (unfit) throw ApplicationFailure.nonRetryable(unfit.message, unfit.code);
}
