import { checkText } from './check-trigger.ts';
import { TaskError } from '../task-error.ts';
import type { AbortRequest } from '../tasks.ts';

/** Milliseconds: an hour. */
const MAX_GRACE = 3_600_000;

/** Throws `INVALID_ARGUMENT` for a message or a grace that is out of bounds. */
export function checkAbort({ message = '', grace }: AbortRequest): void {
  // A message may have several lines, but nothing else that a terminal would act on.
  if (message !== '') checkText('message', message.replaceAll(/[\n\r\t]/g, ' '), 1000);
  if (grace !== undefined && !(grace >= 0 && grace <= MAX_GRACE))
    throw new TaskError(
      'INVALID_ARGUMENT',
      `Expected \`grace\` to be from 0 to ${MAX_GRACE} milliseconds (an hour), got ${grace}.`,
    );
}
