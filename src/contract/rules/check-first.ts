import { outOfBounds } from '../task-error.ts';

/** The size of a page that may be asked for. Throws `INVALID_ARGUMENT` for another one, under the name of its argument. */
export function checkFirst(first: number, max: number, argument = 'first'): number {
  if (Number.isInteger(first) && first >= 1 && first <= max) return first;
  throw outOfBounds(argument, `to be an integer from 1 to ${max}, got ${first}.`);
}
