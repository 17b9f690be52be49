import { sleep } from '@temporalio/workflow';
import { state } from './run-state.ts';
import type { Ending } from './run-state.ts';
import { shielded } from './stop.ts';

/** Why a run was stopped, and how. */
export interface TaskAbort {
  /** The actor's name; null when nobody is named, and for a time-out. */
  readonly by: string | null;
  /** Null when none was given. */
  readonly reason: string | null;
  /** `FORCED`: the work did not stop within its grace and may still be going on. */
  readonly mode: 'GRACEFUL' | 'FORCED';
  readonly timedOut: boolean;
}

/** Runs what the definition does after the work has stopped, for at most `grace` seconds, and notes what came of it. */
export async function cleanUp(
  { kind, by, reason, mode }: Ending,
  onAbort: (abort: TaskAbort) => unknown,
  grace: number,
): Promise<void> {
  const abort: TaskAbort = {
    by,
    reason,
    mode: mode === 'FORCED' ? 'FORCED' : 'GRACEFUL',
    timedOut: kind === 'TIMEOUT',
  };
  const outcome = await shielded(() =>
    Promise.race([
      // An error is noted, not thrown: the run was aborted all the same.
      (async () => onAbort(abort))().then(() => 'DONE', wordsOf),
      sleep(grace * 1000).then(() => 'TIMED_OUT'),
    ]),
  );
  state.note({ cleanUp: outcome });
}

/** Whatever was thrown, in words that are not those of another outcome. */
function wordsOf(thrown: unknown): string {
  const text = textOf(thrown).slice(0, 1000);
  return text === '' || OUTCOMES.has(text) ? `Error: ${text}` : text;
}
const OUTCOMES: ReadonlySet<string> = new Set(['DONE', 'TIMED_OUT']);

function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return 'a value without words was thrown';
  }
}
