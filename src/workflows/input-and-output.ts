import { ApplicationFailure } from '@temporalio/workflow';
import type { z } from 'zod';
import { invalidInput, toIssues } from '../contract/rules/check-input.ts';
import { assertFits } from './fits.ts';

export async function parseInput<Input extends z.ZodType>(
  { id, input: schema }: { readonly id: string; readonly input: Input },
  input: unknown,
): Promise<z.output<Input>> {
  const { success, data, error } = await schema.safeParseAsync(input);
  if (success) return data;
  const { message, details } = invalidInput({ id }, toIssues(error));
  throw ApplicationFailure.nonRetryable(message, 'INVALID_INPUT', details);
}

export async function checkOutput<Output>(
  { id, output: schema }: { readonly id: string; readonly output?: z.ZodType<Output> | undefined },
  output: Output,
): Promise<Output> {
  assertFits(`The output of ${id}`, output);
  if (!schema) return output;
  const { success, data, error } = await schema.safeParseAsync(output);
  if (success) return data;
  const issues = toIssues(error);
  throw ApplicationFailure.nonRetryable(
    `The output of ${id} does not fit its schema. ${issues
      .slice(0, 5)
      .map(({ path, message }) => `${path.join('.')}: ${message}`)
      .join('; ')}`,
    'INVALID_OUTPUT',
    { issues },
  );
}
