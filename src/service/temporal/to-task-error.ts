import { WorkflowNotFoundError } from '@temporalio/client';
import { noSuchRun, TaskError, TaskErrorCode } from '../../contract/task-error.ts';
import { GrpcCode } from '../../tools/grpc-code.ts';
import {
  grpcErrorOf,
  isCutOff,
  isNoNamespace,
  isPassing as isPassingGrpc,
  isTooLarge,
} from './grpc.ts';

/** Gives an error of Temporal its meaning; `id` is the run that was asked about. What has none passes untouched. */
export function toTaskError(cause: unknown, id?: string): unknown {
  if (cause instanceof TaskError) return cause;
  if (cause instanceof WorkflowNotFoundError) return noSuchRun(cause.workflowId, cause);
  const error = grpcErrorOf(cause);
  if (!error) return cause;
  if (isTooLarge(error)) return tooLarge(error.details, cause);
  return MEANING[error.code]?.(cause, id) ?? cause;
}

/** The run is not there, or no longer. */
export const isGone = (error: unknown): boolean =>
  error instanceof TaskError && error.code === TaskErrorCode.TaskRunNotFound;

/** Whether the same question may be answered in a moment. */
export const isPassing = (error: unknown): boolean =>
  error instanceof TaskError ? PASSING.has(error.code) : isPassingGrpc(error);
const PASSING: ReadonlySet<TaskErrorCode> = new Set([
  TaskErrorCode.Unavailable,
  TaskErrorCode.Timeout,
  TaskErrorCode.RateLimited,
]);

type ToMeaning = (cause: unknown, id: string | undefined) => TaskError | undefined;

const MEANING: Readonly<Record<number, ToMeaning>> = {
  [GrpcCode.NotFound]: (cause, id) =>
    id === undefined || isNoNamespace(cause) ? undefined : noSuchRun(id, cause),
  [GrpcCode.Unavailable]: (cause) => unavailable(cause),
  [GrpcCode.Internal]: (cause) => (isCutOff(cause) ? unavailable(cause) : undefined),
  [GrpcCode.DeadlineExceeded]: (cause) =>
    new TaskError(TaskErrorCode.Timeout, 'Temporal did not answer in time.', { cause }),
  [GrpcCode.ResourceExhausted]: (cause) =>
    new TaskError(TaskErrorCode.RateLimited, 'Temporal is asked too often at the moment.', {
      cause,
      retryAfter: 1,
    }),
};

const tooLarge = (details: string, cause: unknown): TaskError =>
  new TaskError(TaskErrorCode.PayloadTooLarge, `Temporal refused the size: ${details}`, { cause });
const unavailable = (cause: unknown): TaskError =>
  new TaskError(TaskErrorCode.Unavailable, 'Temporal cannot be reached.', {
    cause,
    retryAfter: 1,
  });
