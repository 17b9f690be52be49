import { ApplicationFailure } from '@temporalio/workflow';
import { PAYLOAD_LIMIT, payloadSize } from '../contract/wire/payload-limit.ts';

/**
 * Throws a failure that ends the run unless Temporal can carry this value. Without it the workflow task would fail
 * and be tried again for ever.
 */
export function assertFits(what: string, value: unknown): void {
  let bytes: number;
  try {
    bytes = payloadSize(value);
  } catch (error) {
    throw ApplicationFailure.nonRetryable(
      `${what} cannot be written as JSON: ${error instanceof Error ? error.message : String(error)}`,
      'INVALID_OUTPUT',
    );
  }
  if (bytes > PAYLOAD_LIMIT)
    throw ApplicationFailure.nonRetryable(
      `${what} may have ${PAYLOAD_LIMIT} bytes as JSON, and has ${bytes}: store it elsewhere and pass where it is.`,
      'PAYLOAD_TOO_LARGE',
    );
}
