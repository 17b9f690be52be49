import { TaskError } from '../../../../src/contract/task-error.ts';
import { isPassing } from './wire-errors.ts';
import { backOff, pause } from './pause.ts';
import { answerOf, request } from './request.ts';
import type { Answer, Operation, HttpOptions } from './request.ts';

export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  /** It changes something, so it must not be sent twice, unless a key makes that harmless. */
  readonly changes?: boolean | undefined;
  readonly key?: string | undefined;
}

/** The answer to one operation, within the deadline. A question whose answer is lost on the way is asked again; so is a change with a key. */
export async function ask(
  operation: Operation,
  options: HttpOptions,
  { signal, changes = false, key, deadline }: AskOptions & { readonly deadline: number },
): Promise<Answer> {
  const late = AbortSignal.timeout(deadline * 1000);
  const stop = signal ? AbortSignal.any([signal, late]) : late;
  for (let failures = 0; ; failures++)
    try {
      return await once(operation, options, stop);
    } catch (error) {
      signal?.throwIfAborted();
      const isOver = late.aborted;
      const isUnknown = isOver || isLost(error);
      if (isUnknown && !isOver && (!changes || key !== undefined) && failures < TRIES) {
        await pause(backOff(failures), stop);
        continue;
      }
      if (isUnknown && changes)
        throw new TaskError('RESULT_UNKNOWN', UNKNOWN, {
          cause: error,
          ...(key !== undefined && { key }),
        });
      if (isOver) throw new TaskError('TIMEOUT', `No answer within ${deadline} s.`);
      throw error;
    }
}
const UNKNOWN = 'No answer came: it may have happened.';
const TRIES = 2;

async function once(
  operation: Operation,
  options: HttpOptions,
  signal: AbortSignal,
): Promise<Answer> {
  const accept = 'application/graphql-response+json, application/json';
  return answerOf(await request(operation, { ...options, accept }, signal));
}

/** The gateway may have got it: only a connection that was refused brought nothing there. */
function isLost(error: unknown): boolean {
  if (!isPassing(error) || error.code !== 'UNAVAILABLE' || error.cause === undefined) return false;
  return !(error.cause instanceof Error && String(error.cause.cause).includes('ECONNREFUSED'));
}
