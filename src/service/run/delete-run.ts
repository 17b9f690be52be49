import { atMost } from '../../tools/at-most.ts';
import { linksBefore } from '../temporal/history.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { isGone } from '../temporal/to-task-error.ts';
import { executionsOf } from '../temporal/visibility.ts';

export interface Deleting {
  readonly id: string;
  /** The chain's newest link, and its first. */
  readonly link: string;
  readonly first: string | null;
  readonly open: boolean;
  /** An operator has reset it. */
  readonly reset: boolean;
}

/** Removes every link of a run's chain, and what resets have replaced; an open one is terminated. Resolves when Temporal has accepted it. */
export async function deleteRun(
  temporal: Temporal,
  { id, link, first, open, reset }: Deleting,
): Promise<void> {
  const limited = atMost(10);
  // Predecessors are looked for first: their names are in the histories that are to go.
  const older = new Set(await predecessorsOf(temporal, { id, link, first }));
  // What an earlier reset made of the same execution is named by none of them.
  if (reset) for (const one of await executionsOf(temporal, id)) older.add(one);
  older.delete(link);
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
  await remove(open ? '' : link);
  await Promise.all(
    [...(open ? [link] : []), ...older].map((one) =>
      remove(one).catch((error: unknown) => {
        if (!isGone(error)) throw error;
      }),
    ),
  );
}

/** Back along the chain, as far as Temporal still keeps it. */
async function predecessorsOf(...at: Parameters<typeof linksBefore>): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const link of linksBefore(...at)) if (found.push(link) === MOST_LINKS) break;
  return found;
}
const MOST_LINKS = 10_000;
