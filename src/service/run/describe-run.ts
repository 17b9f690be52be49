import type { TaskDescription } from '../../contract/task-definition.ts';
import { TaskError, TaskErrorCode } from '../../contract/task-error.ts';
import type { TaskRunDetails } from '../../contract/task-run.ts';
import type { DeletedRuns } from './deleted-runs.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { executionOf, toTaskRunDetails } from './to-task-run.ts';
import type { RunDescription } from '../temporal/proto.ts';

/** Describes a link of a run, the newest one unless told otherwise: one call. */
export type DescribeRun = (id: string, runId?: string) => Promise<DescribedRun>;

export interface DescribedRun {
  readonly run: TaskRunDetails;
  /** What Temporal told of it. */
  readonly description: RunDescription;
}

export interface DescribeRunOptions {
  readonly temporal: Temporal;
  readonly definitions: ReadonlyMap<string, TaskDescription>;
  /** Runs that are not there any more, whatever Temporal says. */
  readonly deleted: DeletedRuns;
}

export function describeRun({ temporal, definitions, deleted }: DescribeRunOptions): DescribeRun {
  const { decode, decodeFailure } = temporal;
  return async (id, runId = '') => {
    const description = await temporal.ask(
      (service) =>
        service.describeWorkflowExecution({
          namespace: temporal.namespace,
          execution: { workflowId: id, runId },
        }),
      { id },
    );
    const run = await toTaskRunDetails(description, { definitions, decode, decodeFailure });
    if (deleted.has(executionOf(run)?.runId ?? ''))
      throw new TaskError(TaskErrorCode.TaskRunNotFound, `There is no task run "${id}".`, {
        runId: id,
      });
    return { run, description };
  };
}
