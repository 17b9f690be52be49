import { AsyncLocalStorage } from 'node:async_hooks';
import type { Attempt } from './attempt.ts';

export const attempts = new AsyncLocalStorage<Attempt>();

/** The attempt that this code runs in; throws outside of one. */
export function currentAttempt(what: string): Attempt {
  const attempt = attempts.getStore();
  if (attempt) return attempt;
  throw new TypeError(
    `${what} was called outside of an activity: it works in activities that a worker made by createTaskWorker runs, and in what they await.`,
  );
}

/** The same for what must never throw: says once what is lost. */
export function attemptToLog(what: string): Attempt | undefined {
  const attempt = attempts.getStore();
  if (!attempt && !warned) {
    warned = true;
    process.emitWarning(
      `${what} was called outside of an activity: such lines and progress have no run to belong to, and are dropped.`,
      { code: 'WAYMARK_OUTSIDE_ACTIVITY' },
    );
  }
  return attempt;
}
let warned = false;
