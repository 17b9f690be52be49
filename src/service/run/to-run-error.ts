import type { temporal as proto } from '@temporalio/proto';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  TerminatedFailure,
  TimeoutFailure,
} from '@temporalio/common';
import type { TaskRunError } from '../../contract/task-run.ts';
import type { HistoryEvent } from '../temporal/history.ts';
import type { Temporal } from '../temporal/temporal.ts';

/** Why a run failed, by its last event; null when it did not. `events` may hold the failed activity's start. */
export async function toRunError(
  temporal: Temporal,
  end: HistoryEvent,
  events: readonly HistoryEvent[],
): Promise<TaskRunError | null> {
  if (end.workflowExecutionTimedOutEventAttributes)
    return {
      code: 'TIMEOUT',
      message: 'The run did not end within the time that Temporal was given for it.',
      step: null,
      attempt: null,
    };
  const failed = end.workflowExecutionFailedEventAttributes;
  if (!failed) return null;
  const failure = await temporal.decodeFailure(failed.failure);
  const startedEventId = String(activityInfoOf(failed.failure)?.startedEventId ?? '');
  const started = events.find(({ eventId }) => String(eventId) === startedEventId);
  const { code, message } = toFailure(failure);
  return {
    code,
    message: message || 'The run failed without a message.',
    step: stepOf(failure),
    attempt: started?.activityTaskStartedEventAttributes?.attempt ?? null,
  };
}

/** What failed in the end, whatever it passed through. */
export function toFailure(failure: Error | undefined): {
  readonly code: string;
  readonly message: string;
} {
  const error = innermost(failure);
  return { code: codeOf(error), message: error?.message ?? '' };
}

/** Temporal wraps a failure once for each activity and child run that it passed through. */
function innermost(failure: Error | undefined): Error | undefined {
  let error = failure;
  while (
    (error instanceof ActivityFailure || error instanceof ChildWorkflowFailure) &&
    error.cause instanceof Error
  )
    error = error.cause;
  return error;
}

function stepOf(failure: Error | undefined): string | null {
  for (let error: unknown = failure; error instanceof Error; error = error.cause)
    if (error instanceof ActivityFailure) return error.activityType;
  return null;
}

function codeOf(error: Error | undefined): string {
  if (error instanceof TimeoutFailure) return 'TIMEOUT';
  if (error instanceof CancelledFailure) return 'CANCELLED';
  if (error instanceof TerminatedFailure) return 'TERMINATED';
  if (error instanceof ApplicationFailure) return error.type || 'Error';
  return error?.name ?? 'Error';
}

/** Of this run's own activity: one of a child run belongs to another history. */
const activityInfoOf = (
  failure: proto.api.failure.v1.IFailure | null | undefined,
): proto.api.failure.v1.IActivityFailureInfo | null | undefined => {
  for (let at = failure; at; at = at.cause) {
    if (at.childWorkflowExecutionFailureInfo) return null;
    if (at.activityFailureInfo) return at.activityFailureInfo;
  }
  return null;
};
