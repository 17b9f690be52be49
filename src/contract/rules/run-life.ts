import type { Abort, AbortMode, TaskRun, TaskRunError } from '../task-run.ts';
import type { LogLevel, LogLine, RunEvent } from '../wire/run-log.ts';

/** Where in a run's life a line belongs. */
export interface LifeMoment {
  readonly time: Date;
  readonly iteration: number;
  /** Of a run that an operator reset: it can be aborted and can end once more. */
  readonly mark?: string | undefined;
}

type Cause = Pick<Abort, 'by' | 'reason'>;

/*
 * The lines of a run's own life, which the service makes from history and the fake as it goes. Each has a code for
 * programs, and a number of its own in the source `run`: each happens once, so a line is the same for a reader who
 * knows the whole chain and for one who knows its last link only.
 */

/** How a run began. */
export function openingLines({
  triggeredBy,
  createdAt: time,
  scheduledFor,
  resumeOf,
  reuses,
}: Pick<
  TaskRun,
  'triggeredBy' | 'createdAt' | 'scheduledFor' | 'resumeOf' | 'reuses'
>): readonly LogLine[] {
  const at = { time, iteration: 1 };
  const by = triggeredBy === null ? '' : ` by ${triggeredBy}`;
  const resumes =
    resumeOf === null
      ? ''
      : `, goes on after run ${resumeOf}${reuses === null ? '' : `: ${reuses}`}`;
  return [
    line('TRIGGERED', 'INFO', `Triggered${by}${resumes}`, at),
    ...(scheduledFor === null
      ? []
      : [line('DELAYED', 'INFO', `Delayed until ${scheduledFor.toISOString()}`, at)]),
  ];
}

export const abortRequestedLine = (cause: Cause, at: LifeMoment): LogLine =>
  line('ABORT_REQUESTED', 'WARN', `Abort requested${saidBy(cause)}`, at);

export const succeededLine = (at: LifeMoment): LogLine => line('SUCCEEDED', 'INFO', 'Done', at);

export const failedLine = (
  { code, message }: Pick<TaskRunError, 'code' | 'message'>,
  at: LifeMoment,
): LogLine => line('FAILED', 'ERROR', `Failed: ${code}: ${message}`, at);

/** `cause` is for an end that another abort had been asked before: that one has its own line. */
export const abortedLine = (mode: AbortMode, at: LifeMoment, cause?: Cause): LogLine =>
  line('ABORTED', 'WARN', `Aborted (${mode})${cause ? saidBy(cause) : ''}`, at);

const NUMBER = {
  TRIGGERED: 1,
  DELAYED: 2,
  ABORT_REQUESTED: 3,
  SUCCEEDED: 4,
  FAILED: 4,
  ABORTED: 4,
} as const satisfies Partial<Record<RunEvent, number>>;

const line = (
  event: keyof typeof NUMBER,
  level: LogLevel,
  message: string,
  { time, iteration, mark }: LifeMoment,
): LogLine => ({
  step: null,
  attempt: null,
  iteration,
  source: mark === undefined ? 'run' : `run@${mark}`,
  n: NUMBER[event],
  time,
  level,
  event,
  message,
  data: null,
  dropped: 0,
});

const saidBy = ({ by, reason }: Cause): string =>
  `${by === null ? '' : ` by ${by}`}${reason === null ? '' : `: ${reason}`}`;
