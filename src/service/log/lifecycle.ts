import { optionalTsToDate } from '@temporalio/common/lib/time.js';
import { fromCancel } from '../../contract/wire/abort-cause.ts';
import type { CancelRequest } from '../../contract/wire/abort-cause.ts';
import {
  abortRequestedLine,
  abortedLine,
  failedLine,
  openingLines,
  succeededLine,
} from '../../contract/rules/run-life.ts';
import type { LifeMoment } from '../../contract/rules/run-life.ts';
import type { LogLine } from '../../contract/wire/run-log.ts';
import type { AbortMode, TaskRun } from '../../contract/task-run.ts';
import { decodeFirst } from '../temporal/decode-first.ts';
import type { HistoryEvent } from '../temporal/history.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { toRunError } from '../run/to-run-error.ts';

/** A line of the run's own life. `at` is where it belongs among the others, in milliseconds. */
export interface LifeLine {
  readonly line: LogLine;
  readonly at: number;
}

/** How a run began: these lines come before all others. */
export const openingOf = (run: TaskRun): readonly LifeLine[] =>
  openingLines(run).map((line) => ({ line, at: -Infinity }));

/** The abort request that an event records, or undefined for any other event. */
export function abortRequestOf(event: HistoryEvent, place: Place): LifeLine | undefined {
  const { workflowExecutionCancelRequestedEventAttributes: request } = event;
  return request ? abortRequested(request, { ...place, time: timeOf(event) }) : undefined;
}

/** Where in a run's log the lines of a link belong. */
export type Place = Omit<LifeMoment, 'time'>;

/** How the run ended, by its last event; that comes after all other lines. Empty when it went on in another link. */
export async function endOf(
  temporal: Temporal,
  event: HistoryEvent,
  { iteration, mark, asked }: Place & { readonly asked: boolean },
): Promise<readonly LifeLine[]> {
  const at = { time: timeOf(event), iteration, mark };
  if (event.workflowExecutionCompletedEventAttributes) return [ended(succeededLine(at))];
  const error = await toRunError(temporal, event, []);
  if (error) return [ended(failedLine(error, at))];
  const { workflowExecutionCanceledEventAttributes: canceled } = event;
  if (canceled) {
    const mode = await modeOf(canceled.details?.payloads, temporal.decode);
    return [ended(abortedLine(mode, at))];
  }
  const { workflowExecutionTerminatedEventAttributes: terminated } = event;
  if (!terminated || isReplaced(event)) return [];
  const request = { cause: terminated.reason ?? null };
  // The request of an abort that was made before has its line, so the reason of this one goes with the end.
  return asked
    ? [ended(abortedLine('TERMINATED', at, fromCancel(request)))]
    : [abortRequested(request, at), ended(abortedLine('TERMINATED', at))];
}

/** As who Temporal ends the execution that an operator resets: its run goes on. */
const RESETTER = 'history-resetter';

/** Whether an operator's reset ended this execution. */
export const isReplaced = ({ workflowExecutionTerminatedEventAttributes: end }: HistoryEvent) =>
  end?.identity === RESETTER;

const ended = (line: LogLine): LifeLine => ({ line, at: Infinity });

const abortRequested = (request: CancelRequest, at: LifeMoment): LifeLine => ({
  line: abortRequestedLine(fromCancel(request), at),
  at: at.time.getTime(),
});

async function modeOf(
  details: Parameters<Temporal['decode']>[0],
  decode: Temporal['decode'],
): Promise<AbortMode> {
  const value = await decodeFirst(details, decode);
  const known = typeof value === 'object' && value !== null && 'mode' in value;
  return known && (value.mode === 'FORCED' || value.mode === 'BEFORE_START')
    ? value.mode
    : 'GRACEFUL';
}

const timeOf = ({ eventTime }: HistoryEvent): Date => optionalTsToDate(eventTime) ?? new Date(0);
