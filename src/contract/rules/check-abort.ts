import { LIMITS } from '../limits.ts';
import { checkText } from './check-trigger.ts';
import { outOfBounds } from '../task-error.ts';
import type { AbortRequest } from '../tasks.ts';

/** Throws `INVALID_ARGUMENT` for a reason or a grace that is out of bounds. */
export function checkAbort({ reason, grace }: AbortRequest): void {
  checkReason(reason);
  if (grace !== undefined && !isGrace(grace))
    throw outOfBounds(
      'grace',
      `to be a whole number from 0 to ${LIMITS.grace} seconds (an hour), got ${grace}.`,
    );
}

/** Throws `INVALID_ARGUMENT` for a reason that would not survive in Temporal's history. */
export function checkReason(reason = ''): void {
  // A reason may have several lines, but nothing else that a terminal would act on.
  if (reason !== '') checkText('reason', reason.replaceAll(/[\n\r\t]/g, ' '), LIMITS.reason);
}

export const isGrace = (seconds: number): boolean =>
  Number.isInteger(seconds) && seconds >= 0 && seconds <= LIMITS.grace;
