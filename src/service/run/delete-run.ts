import { atMost } from '../../tools/at-most.ts';
import { startedEvent } from '../temporal/started-event.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { isGone } from '../temporal/to-task-error.ts';

export interface Link {
  readonly id: string;
  /** Temporal's Run ID of the chain's newest link, and of its first. */
  readonly runId: string;
  readonly firstRunId: string | null;
  readonly open: boolean;
}

/** Removes every link of a run's chain; an open one is terminated. Resolves when Temporal has accepted it. */
export async function deleteRun(temporal: Temporal, newest: Link): Promise<void> {
  const { id } = newest;
  const limited = atMost(10);
  // Predecessors are looked for first: their names are in the histories that are to go.
  const predecessors = await predecessorsOf(temporal, newest);
  const remove = (runId: string): Promise<unknown> =>
    limited(() =>
      temporal.ask(
        (service) =>
          service.deleteWorkflowExecution({
            namespace: temporal.namespace,
            workflowExecution: { workflowId: id, runId },
          }),
        { id },
      ),
    );
  // An open run may have gone on to another link by now: without a Run ID the newest one is meant.
  await remove(newest.open ? '' : newest.runId);
  const older = newest.open ? [newest.runId, ...predecessors] : predecessors;
  await Promise.all(
    older.map((runId) =>
      remove(runId).catch((error: unknown) => {
        if (!isGone(error)) throw error;
      }),
    ),
  );
}

/** Back along the chain, as far as Temporal still keeps it. */
async function predecessorsOf(
  temporal: Temporal,
  { id, runId, firstRunId }: Link,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (let at = runId; at !== firstRunId && found.length < MOST_LINKS;) {
    const before = await predecessorOf(temporal, id, at);
    if (before === null) break;
    found.push(before);
    at = before;
  }
  return found;
}
const MOST_LINKS = 10_000;

async function predecessorOf(
  temporal: Temporal,
  workflowId: string,
  runId: string,
): Promise<string | null> {
  try {
    const started = await startedEvent(temporal, workflowId, runId);
    return started?.continuedExecutionRunId || null;
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}
