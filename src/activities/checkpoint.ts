import { setImmediate } from 'node:timers/promises';
import { currentAttempt } from './current-attempt.ts';

/**
 * A safe place to stop: throws an `ActivityAbort` if the run was aborted (or the worker shuts down), else goes on. A
 * state given here is what a later attempt, on any worker, gets from `lastCheckpoint`; it must have at most 64 KiB as
 * JSON.
 */
export async function checkpoint(state?: unknown): Promise<void> {
  const attempt = currentAttempt('checkpoint');
  if (state !== undefined) attempt.keep(state);
  // A turn of the event loop: without it a tight loop never hears of the abort.
  await setImmediate();
  await attempt.throwIfAborted();
}

/** The state of the newest checkpoint: where to go on. Undefined when there was none. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what its checkpoints keep
export function lastCheckpoint<State>(): State | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  return currentAttempt('lastCheckpoint').state as State | undefined;
}

/**
 * Fires when `checkpoint` would throw: for `fetch` and everything else that takes a signal. Its `reason` is the
 * `ActivityAbort` that says who aborted the run, and why.
 */
export function abortSignal(): AbortSignal {
  return currentAttempt('abortSignal').signal;
}
