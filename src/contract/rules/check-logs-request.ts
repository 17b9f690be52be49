import { LIMITS } from '../limits.ts';
import { outOfBounds } from '../task-error.ts';
import type { LogsRequest } from '../tasks.ts';
import { checkFirst } from './check-first.ts';

/** Which lines of a log are asked for: the `first` ones, unless `last` is set. Throws `INVALID_ARGUMENT`. */
export function checkLogsRequest({ first = 100, last, after, before }: LogsRequest): {
  readonly first: number;
  readonly last: number | undefined;
} {
  checkFirst(first, LIMITS.lines);
  if (last !== undefined) checkFirst(last, LIMITS.lines, 'last');
  if (after !== undefined && before !== undefined)
    throw outOfBounds('before', 'without `after`, got both.');
  return { first, last: before === undefined ? last : (last ?? 100) };
}
