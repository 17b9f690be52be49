import { LIMITS } from '../limits.ts';
import { TaskError, outOfBounds } from '../task-error.ts';
import { isClosed } from '../task-run.ts';
import type { TaskRun } from '../task-run.ts';
import type { ResumedCall } from '../tasks.ts';
import { RESUMES } from '../wire/run-fields.ts';
import { checkText } from './check-trigger.ts';

/** Why a run cannot be gone on from, in one sentence; null when it can. */
export function whyNotResumed({ status }: Pick<TaskRun, 'status'>): string | null {
  if (!isClosed(status)) return `It is not over: it is ${status}.`;
  return status === 'SUCCEEDED' ? 'It has succeeded: nothing is left to do.' : null;
}

/** Throws `NOTHING_TO_RESUME` for a run that is not over or has succeeded. */
export function checkResumable(run: TaskRun): void {
  const reason = whyNotResumed(run);
  if (reason !== null)
    throw new TaskError('NOTHING_TO_RESUME', `Run ${run.id} cannot be resumed. ${reason}`, {
      runId: run.id,
    });
  // The new run is found by it, in an attribute as long as an id.
  checkText('id', run.id, LIMITS.id - RESUMES.length);
}

/** The calls when one of them, and all after it, begin anew. Throws `INVALID_ARGUMENT` when it is not among them. */
export function beginAnew<C extends ResumedCall>(
  calls: readonly C[],
  from: string | undefined,
): readonly C[] {
  if (from === undefined) return calls;
  const first = calls.findIndex(({ id }) => id === from);
  if (first < 0)
    throw outOfBounds(
      'from',
      `to be the id of a call of the run, such as ${JSON.stringify(calls[0]?.id ?? 'walk#1')}, got ${JSON.stringify(from.slice(0, 100))}.`,
    );
  return calls.map((call, at) => (at < first ? call : { ...call, how: 'AGAIN' }));
}

/** What is reused, in words for people: the first line of the new run's log. */
export function toReuses(calls: readonly ResumedCall[]): string {
  const of = (...hows: readonly ResumedCall['how'][]): string[] =>
    counted(calls.filter(({ how }) => hows.includes(how)).map(({ name }) => name));
  const [results, checkpoints, leftOut] = [of('RESULT'), of('CHECKPOINT'), of('LEFT_OUT')];
  const parts = [
    ...(results.length > 0 ? [`reuses ${listed(results)}`] : []),
    ...(checkpoints.length > 0 ? [`takes ${listed(checkpoints)} up from the last checkpoint`] : []),
    ...(leftOut.length > 0 ? [`does ${listed(leftOut)} again, which left too much`] : []),
  ];
  return parts.length === 0 ? 'begins anew' : parts.join('; ');
}

/** Each name once, and how often it came. */
function counted(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => {
    const short = name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name;
    return count === 1 ? short : `${short} (${count} times)`;
  });
}

const listed = (names: readonly string[]): string =>
  names.length <= MOST
    ? names.join(', ')
    : `${names.slice(0, MOST).join(', ')} and ${names.length - MOST} more`;

/** It is in the memo of each list row. */
const MOST = 3;
const LONGEST = 30;
