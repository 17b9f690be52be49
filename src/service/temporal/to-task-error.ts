import { ServiceError, WorkflowNotFoundError, isGrpcServiceError } from '@temporalio/client';
import { TaskError, TaskErrorCode } from '../../contract/task-error.ts';

/** Codes of gRPC that mean something to us. */
export const GrpcCode = {
  Cancelled: 1,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  AlreadyExists: 6,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  Unauthenticated: 16,
} as const;

/** What gRPC said, or undefined when the error is of another kind. The SDK's typed client hides it in `cause`. */
export function grpcErrorOf(
  error: unknown,
): { readonly code: number; readonly details: string; readonly metadata: unknown } | undefined {
  const inner = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(inner) ? inner : undefined;
}

/** Gives an error of Temporal its meaning; `id` is the run that was asked about. What has none passes untouched. */
export function toTaskError(cause: unknown, id?: string): unknown {
  if (cause instanceof TaskError) return cause;
  if (cause instanceof WorkflowNotFoundError) return noRun(cause.workflowId, cause);
  const error = grpcErrorOf(cause);
  if (!error) return cause;
  return MEANING[error.code]?.(error.details, cause, id) ?? cause;
}

/** The run is not there, or no longer. */
export const isGone = (error: unknown): boolean =>
  error instanceof TaskError && error.code === TaskErrorCode.TaskRunNotFound;

/** Temporal was never reached: the request cannot have had an effect. */
export function isNeverSent(error: unknown): boolean {
  const { code, details = '' } = grpcErrorOf(error) ?? {};
  return code === GrpcCode.Unavailable && NEVER_SENT.test(details);
}
const NEVER_SENT = /^(No connection established|Name resolution failed)/;

/** Whether the same question may be answered in a moment. */
export function isPassing(error: unknown): boolean {
  if (error instanceof TaskError) return PASSING.has(error.code);
  return PASSING_GRPC.has(grpcErrorOf(error)?.code ?? -1);
}
const PASSING: ReadonlySet<TaskErrorCode> = new Set([
  TaskErrorCode.Unavailable,
  TaskErrorCode.Timeout,
  TaskErrorCode.RateLimited,
]);
// Cancelled, unknown, aborted, internal, data loss: a server that stops or moves answers so.
const PASSING_GRPC: ReadonlySet<number> = new Set([1, 2, 10, 13, 15]);

type ToMeaning = (details: string, cause: unknown, id: string | undefined) => TaskError | undefined;

const MEANING: Readonly<Record<number, ToMeaning>> = {
  [GrpcCode.NotFound]: (details, cause, id) =>
    // A namespace that is not there is a wrong configuration, not a wrong id.
    id === undefined || /namespace/i.test(details) ? undefined : noRun(id, cause),
  [GrpcCode.Unavailable]: (_, cause) => unavailable(cause),
  [GrpcCode.Internal]: (details, cause) =>
    /RST_STREAM/.test(details) ? unavailable(cause) : undefined,
  [GrpcCode.DeadlineExceeded]: (_, cause) =>
    new TaskError(TaskErrorCode.Timeout, 'Temporal did not answer in time.', { cause }),
  [GrpcCode.ResourceExhausted]: (details, cause) =>
    TOO_LARGE.test(details)
      ? tooLarge(details, cause)
      : new TaskError(TaskErrorCode.RateLimited, 'Temporal is asked too often at the moment.', {
          cause,
          retryAfter: 1,
        }),
  [GrpcCode.InvalidArgument]: (details, cause) =>
    TOO_LARGE.test(details) ? tooLarge(details, cause) : undefined,
};
const TOO_LARGE =
  /exceeds? (the )?(size )?limit|message larger than max|BlobSize|too large|exceed.*size/i;

const noRun = (id: string, cause: unknown): TaskError =>
  new TaskError(TaskErrorCode.TaskRunNotFound, `There is no task run "${id}".`, {
    cause,
    runId: id,
  });
const tooLarge = (details: string, cause: unknown): TaskError =>
  new TaskError(TaskErrorCode.PayloadTooLarge, `Temporal refused the size: ${details}`, { cause });
const unavailable = (cause: unknown): TaskError =>
  new TaskError(TaskErrorCode.Unavailable, 'Temporal cannot be reached.', {
    cause,
    retryAfter: 1,
  });
