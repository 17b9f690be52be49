import { tsToMs } from '@temporalio/common/lib/time.js';
import type { temporal as proto } from '@temporalio/proto';
import { fromCancel } from '../../contract/wire/abort-cause.ts';
import { isAbortDetails, isLoggedResult } from '../../contract/wire/messages.ts';
import type { CancelRequest } from '../../contract/wire/abort-cause.ts';
import type { AbortDetails } from '../../contract/wire/messages.ts';
import { RunLog } from '../../contract/wire/run-log.ts';
import type { Abort, AbortMode, CleanUp, Outcome } from '../../contract/task-run.ts';
import { decodeAsked, decodeFirst } from '../temporal/decode-first.ts';
import { eventsBackwards } from '../temporal/history.ts';
import type { HistoryEvent, LinkOfRun } from '../temporal/history.ts';
import { enums } from '../temporal/proto.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { toRunError } from './to-run-error.ts';

type Payloads = proto.api.common.v1.IPayloads;

/** Events of a page read backwards from the end: more than most runs ever have. */
const PAGE = 50;

export interface Ended {
  readonly outcome: Outcome;
  /** About what it takes in memory. */
  readonly bytes: number;
}

export interface OutcomeRequest extends LinkOfRun {
  readonly open: boolean;
  /** Whether an abort was recorded; undefined when nobody looked. */
  readonly abortRequested: boolean | undefined;
  /** Asks whether an abort was recorded, for a history too long to see it at once. */
  readonly wasAborted: () => Promise<boolean>;
  readonly graceEndsAt: Date | null;
}

/** How a run ended, or how its abort stands, read backwards from the end of its history: one call for most runs. */
export async function readOutcome(temporal: Temporal, request: OutcomeRequest): Promise<Ended> {
  const events: HistoryEvent[] = [];
  for await (const event of eventsBackwards(temporal, request, { pageSize: PAGE })) {
    events.push(event);
    if (events.length % PAGE === 0 && !(await mayHoldMore(request, events))) break;
  }
  return toEnded(temporal, request, events);
}

/** Only an abort that is known of and not seen yet is worth another page. */
async function mayHoldMore(
  { abortRequested, wasAborted }: OutcomeRequest,
  events: readonly HistoryEvent[],
): Promise<boolean> {
  if (events.some(isCancelRequest)) return false;
  return abortRequested ?? (await wasAborted());
}

async function toEnded(
  temporal: Temporal,
  request: OutcomeRequest,
  newestFirst: readonly HistoryEvent[],
): Promise<Ended> {
  const [last] = newestFirst;
  const cancel = newestFirst.find(isCancelRequest);
  const end = request.open || !last ? {} : last;
  const output = end.workflowExecutionCompletedEventAttributes?.result;
  const outcome: Outcome = {
    output: await decodeAsked(output?.payloads, temporal.decode, `The output of ${request.id}`),
    error: await toRunError(temporal, end, newestFirst),
    abort: await toAbort(temporal, { end, cancel, request }),
    progress: request.open ? null : await lastProgress(temporal, newestFirst),
  };
  return { outcome, bytes: sizeOf(output) + 500 };
}

export interface AbortEvents {
  /** The last event of a run that is over; none of an open one. */
  readonly end: HistoryEvent;
  readonly cancel: HistoryEvent | undefined;
  readonly request: Pick<OutcomeRequest, 'open' | 'graceEndsAt'>;
}

/** Who asked a run to stop, and how that took effect; null when nobody did. */
export async function toAbort(
  temporal: Temporal,
  { end, cancel, request }: AbortEvents,
): Promise<Abort | null> {
  const terminated = end.workflowExecutionTerminatedEventAttributes;
  if (terminated)
    return {
      ...ended('TERMINATED'),
      ...causeOf({ cause: terminated.reason ?? null }),
      at: toTime(end),
    };
  const asked = cancel?.workflowExecutionCancelRequestedEventAttributes;
  const canceled = end.workflowExecutionCanceledEventAttributes;
  if (canceled) {
    const details = await decodeFirst(canceled.details?.payloads, temporal.decode);
    const at = toTime(cancel ?? end);
    if (!isAbortDetails(details)) return { ...ended('GRACEFUL'), ...causeOf(asked ?? {}), at };
    const { by, reason, mode, cleanUp } = details;
    return {
      ...ended(mode),
      by: by || null,
      reason: reason || null,
      at,
      cleanUp: toCleanUp(cleanUp),
    };
  }
  if (!cancel || !asked) return null;
  const at = toTime(cancel);
  // It ended of itself, well or not, and the abort found nothing to stop.
  if (!request.open) return { ...ended('TOO_LATE'), ...causeOf(asked), at };
  const { graceEndsAt } = request;
  return { ...causeOf(asked), at, mode: null, graceEndsAt, cleanUp: null };
}

const ended = (mode: AbortMode) => ({ mode, graceEndsAt: null, cleanUp: null });

function causeOf(cancel: CancelRequest): {
  readonly by: string | null;
  readonly reason: string | null;
} {
  const { by, reason } = fromCancel(cancel);
  return { by, reason };
}

function toCleanUp(told: AbortDetails['cleanUp']): CleanUp | null {
  if (told === undefined) return null;
  if (told === 'DONE' || told === 'TIMED_OUT') return { outcome: told, error: null };
  return { outcome: 'FAILED', error: told };
}

/** What the last events carried: envelopes in results, signals, failures and time-outs. */
async function lastProgress(temporal: Temporal, newestFirst: readonly HistoryEvent[]) {
  const log = new RunLog();
  for (const event of newestFirst.toReversed())
    for (const payloads of envelopesOf(event)) {
      const value = await decodeFirst(payloads.payloads, temporal.decode);
      log.apply(isLoggedResult(value) ? value.log : value);
    }
  return log.progress;
}

function envelopesOf(event: HistoryEvent): readonly Payloads[] {
  const failure = (
    event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes
  )?.failure;
  return [
    event.activityTaskCompletedEventAttributes?.result,
    event.workflowExecutionSignaledEventAttributes?.input,
    event.activityTaskCanceledEventAttributes?.details,
    failure?.applicationFailureInfo?.details,
    failure?.timeoutFailureInfo?.lastHeartbeatDetails,
  ].filter((payloads) => payloads !== null && payloads !== undefined);
}

const isCancelRequest = (event: HistoryEvent): boolean =>
  event.eventType === enums.EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED;
const toTime = ({ eventTime }: HistoryEvent): Date => new Date(tsToMs(eventTime));
const sizeOf = (payloads: Payloads | null | undefined): number =>
  (payloads?.payloads ?? []).reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
