import { CancelledFailure } from '@temporalio/activity';

/** Who wants an activity to stop, and why. */
export interface StopCause {
  readonly by: string | null;
  readonly reason: string | null;
}

/** Why an activity has to stop: what a checkpoint throws, and the `reason` of `abortSignal()`. */
export class ActivityAbort extends CancelledFailure implements StopCause {
  // As all that takes a signal calls it, so that whoever looks for one of the two finds this one.
  override readonly name: string = 'AbortError';
  /** The actor's name; null when nobody is named: a time-out, a pause, a worker that shuts down. */
  readonly by: string | null;
  /** Null when none was given. */
  readonly reason: string | null;

  constructor({ by, reason }: StopCause) {
    super(toText({ by, reason }));
    this.by = by;
    this.reason = reason;
  }
}

function toText({ by, reason }: StopCause): string {
  if (by === null) return reason ?? 'The activity was stopped.';
  return reason === null ? `Aborted by ${by}` : `Aborted by ${by}: ${reason}`;
}

/**
 * Whether this is how work ends that was asked to stop. Work may say it in its own words, by an error that has it as
 * its `cause`.
 */
export const isStop = (error: unknown, depth = 0): boolean =>
  error instanceof CancelledFailure ||
  (error instanceof Error &&
    (error.name === 'AbortError' || (depth < MOST_CAUSES && isStop(error.cause, depth + 1))));
/** A chain may lead back to where it began. */
const MOST_CAUSES = 20;
