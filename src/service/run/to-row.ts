import type { TaskRun } from '../../contract/task-run.ts';
import { EXECUTION, executionOf } from './to-task-run.ts';

/** What a list row has of a run, without what more a caller knows of it. */
export function toRow(run: TaskRun): TaskRun {
  const { id, definition, name, status, createdAt, scheduledFor, startedAt, finishedAt } = run;
  const { iteration, tags, triggeredBy, parent, rerunOf, resumeOf, reuses } = run;
  const execution = executionOf(run);
  return {
    id,
    definition,
    name,
    status,
    createdAt,
    scheduledFor,
    startedAt,
    finishedAt,
    iteration,
    tags,
    triggeredBy,
    parent,
    rerunOf,
    resumeOf,
    reuses,
    ...(execution && { [EXECUTION]: execution }),
  };
}
