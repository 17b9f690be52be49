import { outOfBounds } from '../task-error.ts';

/** The size of a page that may be asked for. Throws `INVALID_ARGUMENT` for another one. */
export function checkFirst(first: number, max: number): number {
  if (Number.isInteger(first) && first >= 1 && first <= max) return first;
  throw outOfBounds('first', `to be an integer from 1 to ${max}, got ${first}.`);
}
