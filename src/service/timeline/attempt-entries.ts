import { TimeoutFailure } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { entry } from '../../contract/rules/to-timeline.ts';
import type { TimelineEntry, TimelineFailure, TimelineOutcome } from '../../contract/timeline.ts';
import { failureOf } from '../../contract/wire/attempt-failure.ts';
import type { LogEntry, RunEvent } from '../../contract/wire/run-log.ts';
import type { ActivityCourse } from '../log/link-course.ts';
import { toFailure } from '../run/to-run-error.ts';
import { enums } from '../temporal/proto.ts';
import type { PendingActivity } from '../temporal/proto.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { toDate } from '../temporal/to-date.ts';

type Failure = temporal.api.failure.v1.IFailure;

export interface ActivityKnown {
  readonly temporal: Pick<Temporal, 'decodeFailure'>;
  readonly iteration: number;
  /** The lines of its attempts' own lives, by their number. */
  readonly lines: ReadonlyMap<number, readonly LogEntry[]>;
  /** Who sent the log of an attempt, by its source. */
  readonly senders: ReadonlyMap<string, string>;
  /** As it stands, unless it has ended. */
  readonly pending: PendingActivity | undefined;
  /** When its link ended; null while that is open. */
  readonly over: Date | null;
}

/** The bars of one step: its wait for a worker, each attempt that is known of, and where it is or was paused. */
export async function attemptEntries(
  activity: ActivityCourse,
  known: ActivityKnown,
): Promise<readonly TimelineEntry[]> {
  const { iteration, lines, pending, over } = known;
  const about = { name: activity.name, iteration };
  const id = `${iteration}/${activity.id}`;
  const running = pending && isRunning(pending) ? (pending.attempt ?? 1) : undefined;
  const tries = [...lines.keys(), ...[activity.attempt?.number, running].filter(isNumber)];
  const attempts: TimelineEntry[] = [];
  for (const attempt of [...new Set(tries)].toSorted((one, other) => other - one)) {
    const next = attempts[0];
    const startedAt = startOf(activity, attempt, known);
    if (!startedAt) continue;
    attempts.unshift(
      entry({
        ...about,
        id: `${id}/${attempt}`,
        kind: 'ATTEMPT',
        attempt,
        startedAt,
        worker: workerOf(activity, attempt, known, `${id}/${attempt}`),
        ...(await endOf(activity, { attempt, next }, known)),
      }),
    );
  }
  return [
    ...queuedOf(activity, attempts[0], { ...about, id: `${id}/queue`, over }),
    ...attempts,
    ...pausesOf(attempts, known, about),
  ];
}

/** How long nobody took it. What is not known of a first attempt is not known of its wait. */
function queuedOf(
  { startedAt, endedAt }: ActivityCourse,
  first: TimelineEntry | undefined,
  { over, ...about }: { readonly id: string; readonly name: string; readonly over: Date | null },
): readonly TimelineEntry[] {
  if (first && first.attempt !== 1) return [];
  const ended = first ? latest(startedAt, first.startedAt) : (endedAt ?? over);
  // Of one that was at work when the run ended, history may know no more than that it was to be done.
  const outcome = ended && (first ? 'DONE' : endedAt ? 'STOPPED' : 'ABANDONED');
  return [entry({ ...about, kind: 'QUEUED', startedAt, endedAt: ended, outcome })];
}

function startOf(
  { attempt: last }: ActivityCourse,
  attempt: number,
  { lines, pending }: ActivityKnown,
): Date | null {
  if (last?.number === attempt) return last.startedAt;
  if (pending && isRunning(pending) && pending.attempt === attempt) {
    const started = toDate(pending.lastStartedTime);
    if (started) return started;
  }
  const [first] = lines.get(attempt) ?? [];
  return first ? new Date(first.t) : null;
}

function workerOf(
  { attempt: last }: ActivityCourse,
  attempt: number,
  { pending, senders }: ActivityKnown,
  source: string,
): string | null {
  if (last?.number === attempt) return last.worker;
  if (pending && isRunning(pending) && pending.attempt === attempt)
    return pending.lastWorkerIdentity || null;
  return senders.get(source) ?? null;
}

type End = Pick<TimelineEntry, 'endedAt' | 'outcome' | 'failure'>;

/** How an attempt ended: by its activity's end, by its own words, or by what came after it. */
async function endOf(
  activity: ActivityCourse,
  { attempt, next }: { readonly attempt: number; readonly next: TimelineEntry | undefined },
  { temporal, lines, pending, over }: ActivityKnown,
): Promise<End> {
  const said = lines.get(attempt)?.findLast(({ e }) => e !== undefined && e in OUTCOME);
  const inWords = said?.e === undefined ? undefined : OUTCOME[said.e];
  if (!next && activity.endedAt && activity.attempt?.number === attempt) {
    const { endedAt, outcome } = activity;
    const failure = await told(temporal, activity.failure);
    return { endedAt, outcome: outcome === 'FAILED' ? (inWords ?? outcome) : outcome, failure };
  }
  if (said && inWords)
    return {
      endedAt: new Date(said.t),
      outcome: inWords,
      failure: inWords === 'FAILED' ? inLine(said, attempt) : null,
    };
  const failed = next ? await failureBefore(next.attempt, activity, pending, temporal) : undefined;
  if (next) return { ...LOST, ...failed, endedAt: next.startedAt };
  const waiting = pending && !isRunning(pending) && pending.attempt === attempt + 1;
  if (waiting && pending.lastFailure)
    return {
      endedAt: toDate(pending.lastAttemptCompleteTime) ?? over,
      ...(await toEnd(pending.lastFailure, temporal)),
    };
  const ended = activity.endedAt ?? over;
  return ended ? { endedAt: ended, outcome: 'ABANDONED', failure: null } : GOES_ON;
}

const GOES_ON: End = { endedAt: null, outcome: null, failure: null };
const LOST = { outcome: 'LOST', failure: null } as const;

const OUTCOME: Readonly<Partial<Record<RunEvent, TimelineOutcome>>> = {
  ATTEMPT_FAILED: 'FAILED',
  ATTEMPT_INTERRUPTED: 'INTERRUPTED',
  ATTEMPT_PAUSED: 'PAUSED',
  ATTEMPT_RESET: 'RESET',
  ATTEMPT_STOPPED: 'STOPPED',
};

/** An attempt knows what the one before it failed with. */
async function failureBefore(
  next: number | null,
  { attempt: last }: ActivityCourse,
  pending: PendingActivity | undefined,
  temporal: ActivityKnown['temporal'],
): Promise<Pick<End, 'outcome' | 'failure'> | undefined> {
  const failure =
    last?.number === next
      ? last.lastFailure
      : pending?.attempt === next
        ? pending.lastFailure
        : null;
  return failure ? toEnd(failure, temporal) : undefined;
}

async function toEnd(
  failure: Failure,
  temporal: ActivityKnown['temporal'],
): Promise<Pick<End, 'outcome' | 'failure'>> {
  const error = await temporal.decodeFailure(failure);
  const outcome = error instanceof TimeoutFailure ? 'TIMED_OUT' : 'FAILED';
  return { outcome, failure: toFailure(error) };
}

/** What a failure of Temporal's says; null for none. */
export async function told(
  temporal: ActivityKnown['temporal'],
  failure: Failure | null,
): Promise<TimelineFailure | null> {
  return failure && toFailure(await temporal.decodeFailure(failure));
}

function inLine({ m, d }: LogEntry, attempt: number): TimelineFailure {
  const typed = typeof d === 'object' && d !== null && 'type' in d ? d.type : undefined;
  return {
    code: typeof typed === 'string' ? typed : 'Error',
    message: failureOf(attempt, m),
  };
}

/** From where an attempt was held up, or its activity between two, until the next one began. */
function pausesOf(
  attempts: readonly TimelineEntry[],
  { pending, over }: ActivityKnown,
  about: Pick<TimelineEntry, 'name' | 'iteration'>,
): readonly TimelineEntry[] {
  const { pauseTime, manual } = pending?.pauseInfo ?? {};
  return attempts.flatMap(({ id, outcome, endedAt }, index) => {
    const next = attempts[index + 1];
    const isNow = next === undefined && pending?.paused === true;
    const startedAt = outcome === 'PAUSED' ? endedAt : isNow ? toDate(pauseTime) : null;
    if (!startedAt) return [];
    const ended = next?.startedAt ?? (isNow ? null : over);
    return entry({
      ...about,
      id: `${id}/pause`,
      kind: 'PAUSED',
      startedAt,
      endedAt: ended,
      outcome: ended && (next ? 'DONE' : 'STOPPED'),
      by: (isNow && manual?.identity) || null,
      reason: (isNow && manual?.reason) || null,
    });
  });
}

const { PendingActivityState } = enums;
const WORKING: ReadonlySet<unknown> = new Set([
  PendingActivityState.PENDING_ACTIVITY_STATE_STARTED,
  PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED,
  PendingActivityState.PENDING_ACTIVITY_STATE_PAUSE_REQUESTED,
]);
const isRunning = ({ state }: PendingActivity): boolean => WORKING.has(state);
const isNumber = (value: number | undefined): value is number => value !== undefined;
const latest = (one: Date, other: Date): Date => (one > other ? one : other);
