import { ApplicationFailure } from '@temporalio/workflow';
import { fit } from '../contract/wire/payload-limit.ts';

/**
 * Throws a failure that ends the run unless Temporal can carry this value. Without it the workflow task would fail
 * and be tried again for ever.
 */
export function assertFits(what: string, value: unknown): void {
  const { unfit } = fit(what, value, { code: 'INVALID_OUTPUT' });
  if (unfit) throw ApplicationFailure.nonRetryable(unfit.message, unfit.code);
}
