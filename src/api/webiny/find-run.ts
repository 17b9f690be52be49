import { TaskError } from '../../contract/task-error.ts';
import type { TaskRun } from '../../contract/task-run.ts';
import type { Tasks } from '../../contract/tasks.ts';

/** A run as it is now; null when there is none, or could not be one of this id. */
export async function findRun(tasks: Tasks, id: string): Promise<TaskRun | null> {
  try {
    return await tasks.get(id);
  } catch (error) {
    if (isUnknownRun(error)) return null;
    throw error;
  }
}

export const isUnknownRun = (error: unknown): boolean =>
  error instanceof TaskError &&
  (error.code === 'TASK_RUN_NOT_FOUND' || error.code === 'INVALID_ARGUMENT');
