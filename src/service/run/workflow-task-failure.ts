import { enums } from '../temporal/proto.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { toDate } from '../temporal/to-date.ts';
import type { RunDescription } from '../temporal/proto.ts';

/** Why the workflow code of a run does not get on. */
export interface WorkflowTaskFailure {
  /** What it threw last; null when it gave no answer at all. */
  readonly message: string | null;
  /** Of its first failure since it last got on. */
  readonly since: Date | null;
}

/** Temporal tries a workflow task again and again: it is not the first time that this one is tried. */
export const isWorkflowCodeFailing = ({ pendingWorkflowTask }: RunDescription): boolean =>
  (pendingWorkflowTask?.attempt ?? 1) >= 2;

/** Reads it from the end of the history: one call. Temporal records the first failure and counts the others. */
export async function readWorkflowTaskFailure(
  temporal: Temporal,
  { id, runId }: { readonly id: string; readonly runId: string },
): Promise<WorkflowTaskFailure> {
  const { history } = await temporal.ask(
    (service) =>
      service.getWorkflowExecutionHistoryReverse({
        namespace: temporal.namespace,
        execution: { workflowId: id, runId },
        maximumPageSize: PAGE,
      }),
    { id },
  );
  const events = history?.events ?? [];
  const gotOn = events.findIndex((event) => event.eventType === GOT_ON);
  const failures = events
    .slice(0, gotOn < 0 ? events.length : gotOn)
    .filter(({ eventType }) => eventType && FAILED.has(eventType));
  const thrown = failures.flatMap(
    ({ workflowTaskFailedEventAttributes: failed }) => failed?.failure ?? [],
  )[0];
  const error = thrown && (await temporal.decodeFailure(thrown));
  return { message: error?.message ?? null, since: toDate(failures.at(-1)?.eventTime) };
}

const PAGE = 50;
const {
  EVENT_TYPE_WORKFLOW_TASK_COMPLETED: GOT_ON,
  EVENT_TYPE_WORKFLOW_TASK_FAILED,
  EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
} = enums.EventType;
const FAILED: ReadonlySet<number> = new Set([
  EVENT_TYPE_WORKFLOW_TASK_FAILED,
  EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
]);
