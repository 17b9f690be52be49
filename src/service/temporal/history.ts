import type { temporal as proto } from '@temporalio/proto';
import { enums } from './proto.ts';
import type { Temporal } from './temporal.ts';
import { isGone } from './to-task-error.ts';

const { WorkflowTaskFailedCause } = enums;

export type HistoryEvent = proto.api.history.v1.IHistoryEvent;

/** One link of a run. */
export interface LinkOfRun {
  readonly id: string;
  readonly link: string;
}

/** Its first event: what the link was given and where it comes from. One call. */
export async function startedEvent(temporal: Temporal, at: LinkOfRun) {
  for await (const event of events(temporal, at, { pageSize: 1 }))
    return event.workflowExecutionStartedEventAttributes;
  return undefined;
}

/** All events, from the first one. Pages are read as they are needed. */
export function events(
  temporal: Temporal,
  at: LinkOfRun,
  { pageSize = 1000 }: { readonly pageSize?: number } = {},
): AsyncGenerator<HistoryEvent, undefined> {
  return pages((nextPageToken) =>
    temporal.ask(
      (service) =>
        service.getWorkflowExecutionHistory({
          ...toTarget(temporal, at),
          maximumPageSize: pageSize,
          nextPageToken,
        }),
      { id: at.id },
    ),
  );
}

/** Events from the last one backwards, as far as so many pages reach. They are read as they are needed. */
export function eventsBackwards(
  temporal: Temporal,
  at: LinkOfRun,
  { pageSize, most = MOST_PAGES }: { readonly pageSize: number; readonly most?: number },
): AsyncGenerator<HistoryEvent, undefined> {
  return pages(
    (nextPageToken) =>
      temporal.ask(
        (service) =>
          service.getWorkflowExecutionHistoryReverse({
            ...toTarget(temporal, at),
            maximumPageSize: pageSize,
            nextPageToken,
          }),
        { id: at.id },
      ),
    most,
  );
}
/** Enough for any abort that left its mark in the last link of a chain; a longer history has its abort near its end. */
const MOST_PAGES = 20;

/**
 * The links before one, the nearest first, a call each. A link names the one before it whether or not Temporal still
 * holds that: when another one follows, it did.
 */
export async function* linksBefore(
  temporal: Temporal,
  { id, link, first }: LinkOfRun & { readonly first?: string | null },
): AsyncGenerator<string, undefined> {
  for (let at = link; at !== first;) {
    const before = await linkBefore(temporal, { id, link: at });
    if (before === undefined) return;
    yield before;
    at = before;
  }
}

async function linkBefore(temporal: Temporal, at: LinkOfRun): Promise<string | undefined> {
  try {
    const started = await startedEvent(temporal, at);
    const { originalExecutionRunId: original, continuedExecutionRunId } = started ?? {};
    if (original && original !== at.link) return await resetFrom(temporal, at);
    return continuedExecutionRunId || undefined;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** The execution that an operator's reset made this one of: it is named where the two part, after what they share. */
async function resetFrom(temporal: Temporal, at: LinkOfRun): Promise<string | undefined> {
  let base: string | undefined;
  for await (const event of events(temporal, at)) base = resetIn(event)?.baseRunId || base;
  return base;
}

/** What an event tells of a reset that made its execution; undefined for any other event. */
export function resetIn({ workflowTaskFailedEventAttributes: failed }: HistoryEvent) {
  return failed?.cause === WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW
    ? failed
    : undefined;
}

interface Page {
  readonly history?: proto.api.history.v1.IHistory | null;
  readonly nextPageToken: Uint8Array;
}

async function* pages(
  ask: (nextPageToken: Uint8Array) => Promise<Page>,
  most = Infinity,
): AsyncGenerator<HistoryEvent, undefined> {
  let token: Uint8Array = new Uint8Array();
  for (let page = 0; page < most; page++) {
    const { history, nextPageToken } = await ask(token);
    yield* history?.events ?? [];
    if (nextPageToken.length === 0) return;
    token = nextPageToken;
  }
}

/** Nothing follows it in its link. */
export const isEnd = (event: HistoryEvent): boolean =>
  Boolean(
    event.workflowExecutionCompletedEventAttributes ??
    event.workflowExecutionFailedEventAttributes ??
    event.workflowExecutionTimedOutEventAttributes ??
    event.workflowExecutionCanceledEventAttributes ??
    event.workflowExecutionTerminatedEventAttributes ??
    event.workflowExecutionContinuedAsNewEventAttributes,
  );

/** A link as Temporal's requests name it; '' is the newest one. */
export const toTarget = ({ namespace }: Temporal, { id, link }: LinkOfRun) => ({
  namespace,
  execution: { workflowId: id, runId: link },
});
