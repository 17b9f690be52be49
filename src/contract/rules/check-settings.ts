import { outOfBounds } from '../task-error.ts';
import type { Settings } from '../tasks.ts';

const MAX_DAYS = 365;

/** Throws `INVALID_ARGUMENT` for a retention that is out of bounds. */
export function checkSettings({ retentionDays }: Settings): void {
  if (Number.isInteger(retentionDays) && retentionDays >= 1 && retentionDays <= MAX_DAYS) return;
  throw outOfBounds(
    'retentionDays',
    `to be an integer from 1 to ${MAX_DAYS}, got ${retentionDays}.`,
  );
}
