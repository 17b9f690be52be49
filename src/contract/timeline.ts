import type { AbortMode } from './task-run.ts';

/** What a bar of a timeline stands for. */
export const TimelineKind = {
  /** The run itself, from its trigger to its end. */
  Run: 'RUN',
  /** It waits until it is due. */
  Delayed: 'DELAYED',
  /** It, or a step of it, waits for a worker to take it. */
  Queued: 'QUEUED',
  /** One link of a chain; a run of one iteration has none. */
  Iteration: 'ITERATION',
  /** One try of a step. */
  Attempt: 'ATTEMPT',
  /** An operator has paused it, or a step of it, in Temporal. */
  Paused: 'PAUSED',
  /** A moment: an operator let a paused run go on. */
  Unpaused: 'UNPAUSED',
  /** A moment: an operator had the run begin anew in Temporal, from a point of its own. */
  Reset: 'RESET',
  Timer: 'TIMER',
  /** A run that it started and waits for. */
  Child: 'CHILD',
  /** Somebody asked it to stop, until it has; or ended it at once. */
  Abort: 'ABORT',
} as const;
export type TimelineKind = (typeof TimelineKind)[keyof typeof TimelineKind];

/** How what a bar stands for ended. What an attempt's lines say as `ATTEMPT_…` has the same word here. */
export const TimelineOutcome = {
  /** A wait, a timer, an iteration or an abort that came to its end. */
  Done: 'DONE',
  Succeeded: 'SUCCEEDED',
  Failed: 'FAILED',
  /** It took longer than it may, or its worker gave no sign of life. */
  TimedOut: 'TIMED_OUT',
  /** By its worker, which shut down. */
  Interrupted: 'INTERRUPTED',
  /** By an operator, in Temporal. */
  Paused: 'PAUSED',
  Reset: 'RESET',
  /** Because the run was asked to stop, or its task no longer wanted it. */
  Stopped: 'STOPPED',
  /** Its worker was not heard of again, and another attempt followed. */
  Lost: 'LOST',
  /** The run ended without it. */
  Abandoned: 'ABANDONED',
  /** Of a run: it stopped because it was asked to, or was terminated. */
  Aborted: 'ABORTED',
} as const;
export type TimelineOutcome = (typeof TimelineOutcome)[keyof typeof TimelineOutcome];

export interface TimelineFailure {
  /** The failure's type, such as `TIMEOUT` or the thrown error's class. */
  readonly code: string;
  /** Null where the caller may not read what the run's code says. */
  readonly message: string | null;
}

/** Something that took time in a run. */
export interface TimelineEntry {
  /** Unique in its timeline, and the same whenever it is read. An attempt's is the `source` of its log lines. */
  readonly id: string;
  readonly kind: TimelineKind;
  /** Of the run, the step, the timer or the definition of the child; null for what has none. */
  readonly name: string | null;
  readonly iteration: number;
  /** Which try of a step; null for all else. */
  readonly attempt: number | null;
  readonly startedAt: Date;
  /** When a delay, a timer or the grace of an abort is over; null for all else, and for a grace not yet begun. */
  readonly dueAt: Date | null;
  /** Null while it goes on. */
  readonly endedAt: Date | null;
  /** Null while it goes on. */
  readonly outcome: TimelineOutcome | null;
  /** Null for what did not fail. */
  readonly failure: TimelineFailure | null;
  /** Identity of the worker of an attempt; null for all else, where nobody told, and for callers that may not operate. */
  readonly worker: string | null;
  /** Id of the child; of the run that this one repeats; null for all else. */
  readonly runId: string | null;
  /** Who triggered, aborted, terminated, paused or unpaused; null where nobody is named, as for a reset. */
  readonly by: string | null;
  /** Why it was aborted, terminated, paused, unpaused or reset; null when that was not said. */
  readonly reason: string | null;
  /** How an abort took effect; null until it has, and for all else. */
  readonly mode: AbortMode | null;
}

export interface TimelineRequest {
  /** How many entries at most, the newest ones: 1 to 1,000; 200 by default. */
  readonly last?: number | undefined;
}

export const TIMELINE_LAST = { usual: 200, most: 1000 } as const;

/** The run itself first, then what happened in it, in the order in which it began. */
export interface Timeline {
  readonly entries: readonly TimelineEntry[];
  /** More happened earlier than is told here: more than was asked for, or than was looked at, or than is kept. */
  readonly hasEarlier: boolean;
  /** How long the run waited for a worker, once it could begin; null while none has begun it, or when its first iteration was not looked at. */
  readonly queuedMs: number | null;
}
