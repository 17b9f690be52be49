import { optionalTsToDate } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import { fromCause } from '../../contract/wire/abort-cause.ts';
import type { LogLevel, LogLine } from '../../contract/wire/run-log.ts';
import type { AbortMode, TaskRun } from '../../contract/task-run.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { toRunError } from '../run/to-run-error.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** A line of the run's own life. `at` is where it belongs among the others, in milliseconds. */
export interface LifeLine {
  readonly line: LogLine;
  readonly at: number;
}

/**
 * The numbers of the source `run`. Each event of a run's life has its own and happens once, so a line is the same
 * for a reader who knows the whole chain and for one who knows its last link only.
 */
const NUMBER = { triggered: 1, delayed: 2, abortRequested: 3, ended: 4 } as const;

/** How a run began: these lines come before all others. */
export function openingOf({ triggeredBy, createdAt, scheduledFor }: TaskRun): readonly LifeLine[] {
  const triggered = triggeredBy === null ? 'Triggered' : `Triggered by ${triggeredBy}`;
  return [
    line('triggered', { level: 'INFO', message: triggered, time: createdAt, at: -Infinity }),
    ...(scheduledFor === null
      ? []
      : [
          line('delayed', {
            level: 'INFO',
            message: `Delayed until ${scheduledFor.toISOString()}`,
            time: createdAt,
            at: -Infinity,
          }),
        ]),
  ];
}

/** The abort request that an event records, or undefined for any other event. */
export function abortRequestOf(event: HistoryEvent, iteration: number): LifeLine | undefined {
  const { workflowExecutionCancelRequestedEventAttributes: request } = event;
  return request ? abortRequested(request.cause ?? '', timeOf(event), iteration) : undefined;
}

/** How the run ended, by its last event; that comes after all other lines. Empty when it went on in another link. */
export async function endOf(
  temporal: Temporal,
  event: HistoryEvent,
  { iteration, asked }: { readonly iteration: number; readonly asked: boolean },
): Promise<readonly LifeLine[]> {
  const time = timeOf(event);
  const ended = (level: LogLevel, message: string): LifeLine =>
    line('ended', { level, message, time, at: Infinity, iteration });

  if (event.workflowExecutionCompletedEventAttributes) return [ended('INFO', 'Done')];
  const error = await toRunError(temporal, event, []);
  if (error) return [ended('ERROR', `Failed: ${error.code}: ${error.message}`)];
  const { workflowExecutionCanceledEventAttributes: canceled } = event;
  if (canceled) {
    const mode = await modeOf(canceled.details?.payloads, temporal.decode);
    return [ended('WARN', `Aborted (${mode})`)];
  }
  const { workflowExecutionTerminatedEventAttributes: terminated } = event;
  if (!terminated) return [];
  const reason = terminated.reason ?? '';
  // The request of an abort that was made before has its line, so the reason of this one goes with the end.
  return asked
    ? [ended('WARN', `Aborted (TERMINATED)${saidBy(reason)}`)]
    : [abortRequested(reason, time, iteration), ended('WARN', 'Aborted (TERMINATED)')];
}

function abortRequested(cause: string, time: Date, iteration: number): LifeLine {
  return line('abortRequested', {
    level: 'WARN',
    message: `Abort requested${saidBy(cause)}`,
    time,
    at: time.getTime(),
    iteration,
  });
}

function saidBy(cause: string): string {
  const { by, reason } = fromCause(cause);
  return `${by === null ? '' : ` by ${by}`}${reason === null ? '' : `: ${reason}`}`;
}

async function modeOf(
  details: Parameters<Temporal['decode']>[0],
  decode: Temporal['decode'],
): Promise<AbortMode> {
  const [value] = await decode(details);
  const known = typeof value === 'object' && value !== null && 'mode' in value;
  return known && (value.mode === 'FORCED' || value.mode === 'BEFORE_START')
    ? value.mode
    : 'GRACEFUL';
}

function line(
  event: keyof typeof NUMBER,
  {
    level,
    message,
    time,
    at,
    iteration = 1,
  }: {
    readonly level: LogLevel;
    readonly message: string;
    readonly time: Date;
    readonly at: number;
    readonly iteration?: number;
  },
): LifeLine {
  return {
    at,
    line: {
      step: null,
      attempt: null,
      iteration,
      source: 'run',
      n: NUMBER[event],
      time,
      level,
      message,
      data: null,
      dropped: 0,
    },
  };
}

const timeOf = ({ eventTime }: HistoryEvent): Date => optionalTsToDate(eventTime) ?? new Date(0);
