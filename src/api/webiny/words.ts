import type { TaskRunStatus } from '../../contract/task-run.ts';

/** Our six words in the namespace's five. */
export const WORDS: Readonly<Record<TaskRunStatus, string>> = {
  PENDING: 'pending',
  RUNNING: 'running',
  ABORTING: 'aborted',
  SUCCEEDED: 'success',
  FAILED: 'failed',
  ABORTED: 'aborted',
};
