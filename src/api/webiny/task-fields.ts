import type { TaskRun } from '../../contract/task-run.ts';
import type { Loaders } from '../schema/kit/loaders.ts';

/** What a run ended with: its output, or `{ error }` of one that failed. */
export async function outputOf(run: TaskRun, loaders: Loaders): Promise<unknown> {
  if (run.status === 'SUCCEEDED') return (await loaders.outcome(run)).output ?? null;
  if (run.status !== 'FAILED') return null;
  const { error } = await loaders.outcome(run);
  return error && { error };
}

/** What Temporal was asked for and what came of it; an aborted run also says by whom, why and how. */
export async function eventResponseOf(run: TaskRun, loaders: Loaders): Promise<unknown> {
  const { id, definition, createdAt, scheduledFor, status } = run;
  const aborted = status === 'ABORTING' || status === 'ABORTED';
  return {
    workflowId: id,
    workflowType: definition,
    startDate: createdAt,
    ...(scheduledFor && { scheduledFor }),
    ...(aborted && { abort: (await loaders.outcome(run)).abort }),
  };
}
