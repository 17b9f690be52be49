import { eventsBackwards } from '../temporal/history.ts';
import type { HistoryEvent, LinkOfRun } from '../temporal/history.ts';
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
  at: LinkOfRun,
): Promise<WorkflowTaskFailure> {
  const failures: HistoryEvent[] = [];
  for await (const event of eventsBackwards(temporal, at, { pageSize: PAGE, most: 1 })) {
    if (event.eventType === GOT_ON) break;
    if (event.eventType && FAILED.has(event.eventType)) failures.push(event);
  }
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
