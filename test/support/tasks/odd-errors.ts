import { ApplicationFailure } from '@temporalio/common';

/** What Temporal cannot carry as it is. */
export function oddErrors() {
  const circular = new TypeError('in a circle');
  circular.cause = circular;
  return {
    large: new RangeError('x'.repeat(3_000_000)),
    circular,
    details: ApplicationFailure.nonRetryable('with details', 'Detailed', { count: 1n }),
    textless: Object.create(null) as object,
  };
}
