import {
  ActivityFailure,
  CancellationScope,
  ContinueAsNew,
  isCancellation,
  log,
  sleep,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { toSearchAttributePairs } from './run-memo.ts';
import { state } from './run-state.ts';
import { showDetails } from './show-details.ts';

/** Ends a race against work that does not stop. */
class Abandoned extends Error {}

export interface StopOptions {
  /** Seconds that work may take to stop once it was asked to. */
  readonly grace: number;
  /** Seconds that all iterations of the run may take. */
  readonly timeout: number | undefined;
}

/** Runs the work until it ends by itself, or until the grace of an abort or time-out is over. */
export async function stoppable<Output>(
  work: () => Promise<Output>,
  { grace, timeout }: StopOptions,
): Promise<Output> {
  const root = CancellationScope.current();
  const scope = new CancellationScope();
  const abandoned = new Promise<never>((_, reject) => {
    const abandonAfter = async (seconds: number): Promise<void> => {
      await shielded(() => sleep(toMs(seconds)));
      log.warn('Abandoned work that did not stop within its grace', { grace: seconds });
      reject(new Abandoned('The work did not stop within its grace.'));
    };
    root.cancelRequested.catch(() => abandonAfter(announceAbort(grace)));
    if (timeout !== undefined)
      onTimeOut(timeout, () => {
        scope.cancel();
        return abandonAfter(grace);
      });
  });
  try {
    return await Promise.race([scope.run(work), abandoned]);
  } catch (error) {
    if (error instanceof Abandoned) state.note({ mode: 'FORCED' });
    throw error;
  }
}

/** When all iterations have had their time; never, when the run is aborted before. */
function onTimeOut(seconds: number, stop: () => Promise<void>): void {
  const at = state.startedAt + toMs(seconds);
  state.timeout = { seconds, at };
  sleep(Math.max(1, at - Date.now()), { summary: 'Timeout' }).then(
    () => {
      state.timeOut(`The run did not end within ${seconds} s.`);
      return stop();
    },
    // The timer is dropped when the run is aborted.
    () => undefined,
  );
}

/** Makes the run listable as aborting; answers its grace. */
function announceAbort(standard: number): number {
  const grace = state.ending?.grace ?? standard;
  showDetails();
  upsertSearchAttributes(
    toSearchAttributePairs({ TaskAbort: new Date(Date.now() + toMs(grace)).toISOString() }),
  );
  return grace;
}

/**
 * Whether this is how work ends that was asked to stop, and not an error of its own. Work may say it in its own words,
 * by an error that has it as its `cause`.
 */
export const isStopped = (error: unknown, depth = 0): boolean =>
  error instanceof Abandoned ||
  isCancellation(error) ||
  // A next iteration would know nothing of the abort that arrived with it.
  error instanceof ContinueAsNew ||
  // The activity's attempt died after it was asked to stop, so Temporal did not try again.
  (error instanceof ActivityFailure && error.retryState === 'CANCEL_REQUESTED') ||
  (error instanceof Error && depth < MOST_CAUSES && isStopped(error.cause, depth + 1));
/** A chain may lead back to where it began. */
const MOST_CAUSES = 20;

/** A timer takes whole milliseconds, and a grace may have come from another hand. */
const toMs = (seconds: number): number => Math.round(seconds * 1000);

export const shielded = <T>(work: () => Promise<T>): Promise<T> =>
  CancellationScope.nonCancellable(work);
