import type { Context } from '@temporalio/activity';
import { fromCancel } from '../contract/wire/abort-cause.ts';
import type { CancelRequest } from '../contract/wire/abort-cause.ts';
import type { LogHeader } from '../contract/wire/messages.ts';
import type { StopCause } from './activity-abort.ts';

/** How long an abort may wait for its reason. */
const DEADLINE = 1000;
const PAGE = 20;
/** More than the cancels of all that a run may have at work. */
const MOST_PAGES = 10;
/** By so much may the clocks of two machines differ. */
const CLOCKS = 5000;

/**
 * Who wants this activity to stop, and why. Temporal tells an activity no more than that it is canceled, so the run's
 * history is asked, once and only then. Never throws: an activity must stop also when nobody can say why.
 */
export async function stopCause(
  context: Context,
  timeout: LogHeader['timeout'],
): Promise<StopCause> {
  const { cancellationDetails: details } = context;
  if (details?.workerShutdown) return nobody('The worker shuts down.');
  if (details?.paused) return nobody('The activity was paused.');
  if (details?.reset) return nobody('The activity was reset.');
  if (details?.timedOut) return nobody('The attempt took too long.');
  if (details?.notFound) return nobody('The run has ended.');
  const asked = await recorded(context).catch(() => undefined);
  if (asked) return asked;
  return timeout && Date.now() > timeout.at - CLOCKS
    ? nobody(`The run did not end within ${timeout.seconds} s.`)
    : nobody(null);
}

/** The abort in the run's history, if one came since this activity was scheduled: it is among the newest events. */
async function recorded({ client, info }: Context): Promise<StopCause | undefined> {
  const { workflowExecution: execution, namespace, activityId } = info;
  if (!execution) return undefined;
  // The client of an activity is cut off by what this is about.
  return client.withAbortSignal(new AbortController().signal, () =>
    client.withDeadline(Date.now() + DEADLINE, async () => {
      for (let nextPageToken: Uint8Array | undefined, page = 0; page < MOST_PAGES; page++) {
        const answer = await client.workflowService.getWorkflowExecutionHistoryReverse({
          namespace,
          execution,
          maximumPageSize: PAGE,
          ...(nextPageToken && { nextPageToken }),
        });
        for (const event of answer.history?.events ?? []) {
          const {
            workflowExecutionCancelRequestedEventAttributes: cancel,
            workflowExecutionTerminatedEventAttributes: end,
            activityTaskScheduledEventAttributes: scheduled,
          } = event;
          if (cancel) return toStopCause(cancel);
          if (end) return toStopCause({ cause: end.reason ?? null });
          if (scheduled?.activityId === activityId) return undefined;
        }
        ({ nextPageToken } = answer);
        if (nextPageToken.length === 0) return undefined;
      }
      return undefined;
    }),
  );
}

function toStopCause(cancel: CancelRequest): StopCause {
  const { by, reason } = fromCancel(cancel);
  return { by, reason };
}

const nobody = (reason: string | null): StopCause => ({ by: null, reason });
