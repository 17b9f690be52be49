import { noSuchRun, TaskError } from '../../../../src/contract/task-error.ts';
import type { TaskRunDetails } from '../../../../src/contract/task-run.ts';
import type { TasksClient } from '../tasks-client.ts';
import { UsageError } from './command.ts';

/** The run of an id, of the start of one, or of `@last`, which is the newest. */
export async function findRun(
  client: Pick<TasksClient, 'get' | 'list'>,
  given: string,
): Promise<TaskRunDetails> {
  if (given === '@last') {
    const { runs } = await client.list({ first: 1 });
    if (!runs[0]) throw new TaskError('TASK_RUN_NOT_FOUND', 'There is no task run yet.');
    return client.get(runs[0].id);
  }
  try {
    return await client.get(given);
  } catch (error) {
    if (!(error instanceof TaskError) || error.code !== 'TASK_RUN_NOT_FOUND') throw error;
  }
  const { runs } = await client.list({ filter: { search: given }, first: 100 });
  const ids = runs.flatMap(({ id }) =>
    id.toLowerCase().startsWith(given.toLowerCase()) ? [id] : [],
  );
  const [id, ...others] = ids;
  if (id === undefined) throw noSuchRun(given);
  if (others.length > 0)
    throw new UsageError(`Several runs begin with ${given}:\n  ${ids.slice(0, 10).join('\n  ')}`);
  return client.get(id);
}
