import { LIMITS } from '../limits.ts';
import { outOfBounds } from '../task-error.ts';
import type { Settings } from '../tasks.ts';

/** Throws `INVALID_ARGUMENT` for a retention that is out of bounds. */
export function checkSettings({ retentionDays }: Settings): void {
  if (Number.isInteger(retentionDays) && retentionDays >= 1 && retentionDays <= LIMITS.retention)
    return;
  throw outOfBounds(
    'retentionDays',
    `to be an integer from 1 to ${LIMITS.retention}, got ${retentionDays}.`,
  );
}
