import { checkText } from '../../contract/rules/check-trigger.ts';
import type { TaskDescription } from '../../contract/task-definition.ts';
import { noSuchRun } from '../../contract/task-error.ts';
import type { TaskRunDetails } from '../../contract/task-run.ts';
import { Kept } from '../../tools/kept.ts';
import { toTarget } from '../temporal/history.ts';
import type { RunDescription } from '../temporal/proto.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { isOurs } from './is-ours.ts';
import type { Ours } from './is-ours.ts';
import { executionOf, toTaskRunDetails } from './to-task-run.ts';
import type { Execution } from './to-task-run.ts';

/**
 * The first links of runs that are not there any more, whatever Temporal says: it takes half a minute over one that
 * closed a moment ago. Another run may take over the id.
 */
export type DeletedRuns = Kept<true>;
export const deletedRuns = (): DeletedRuns => new Kept({ most: 10_000, ttl: 60_000 });

/** Describes a link of a run, the newest one unless told otherwise: one call. */
export type DescribeRun = (id: string, link?: string) => Promise<DescribedRun>;

export interface DescribedRun {
  readonly run: TaskRunDetails;
  readonly execution: Execution;
  /** What Temporal told of it. */
  readonly description: RunDescription;
}

export interface DescribeRunOptions extends Ours {
  readonly temporal: Temporal;
  readonly definitions: ReadonlyMap<string, Pick<TaskDescription, 'title'>>;
  readonly deleted: DeletedRuns;
}

/**
 * The one way to look at an execution by its id: whatever is asked or done by id goes through it, so what is deleted
 * or no task run is not there for anybody.
 */
export function describeRun({ temporal, deleted, ...ours }: DescribeRunOptions): DescribeRun {
  const { decode, decodeFailure } = temporal;
  return async (id, link = '') => {
    // Temporal's own limit: runs that were started around us can be read too.
    checkText('id', id, 255);
    const description = await temporal.ask(
      (service) => service.describeWorkflowExecution(toTarget(temporal, { id, link })),
      { id },
    );
    const { workflowExecutionInfo: info } = description;
    if (!info || !isOurs(info, ours)) throw noSuchRun(id);
    const run = await toTaskRunDetails(description, {
      definitions: ours.definitions,
      decode,
      decodeFailure,
    });
    const execution = executionOf(run);
    if (!execution || deleted.has(execution.first ?? execution.link)) throw noSuchRun(id);
    return { run, execution, description };
  };
}
