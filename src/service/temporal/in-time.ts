import { TaskError, TaskErrorCode } from '../../contract/task-error.ts';

/**
 * Rejects with `TIMEOUT` when the answer takes longer than so many milliseconds, whatever it waits for: its turn,
 * a connection that hangs, one more call.
 */
export async function inTime<R>(deadline: number, ask: (ends: number) => Promise<R>): Promise<R> {
  let cut: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    cut = setTimeout(() => reject(outOfTime(deadline)), deadline);
  });
  try {
    return await Promise.race([ask(Date.now() + deadline), late]);
  } finally {
    clearTimeout(cut);
  }
}

export const outOfTime = (deadline: number): TaskError =>
  new TaskError(TaskErrorCode.Timeout, `Temporal did not answer within ${deadline / 1000} s.`);
