import type { temporal as proto } from '@temporalio/proto';
import type { Temporal } from './temporal.ts';

/** The first event of a link of a run, by Temporal's Run ID: what the link was given and where it comes from. */
export async function startedEvent(
  temporal: Temporal,
  workflowId: string,
  runId: string,
): Promise<proto.api.history.v1.IWorkflowExecutionStartedEventAttributes | null | undefined> {
  const { history } = await temporal.ask(
    (service) =>
      service.getWorkflowExecutionHistory({
        namespace: temporal.namespace,
        execution: { workflowId, runId },
        maximumPageSize: 1,
      }),
    { id: workflowId },
  );
  return history?.events?.[0]?.workflowExecutionStartedEventAttributes;
}
