import { ServiceError, isGrpcServiceError } from '@temporalio/client';
import { getGrpcStatusDetails } from '@temporalio/client/lib/helpers.js';
import { GrpcCode } from '../../tools/grpc-code.ts';

/** What gRPC said, or undefined when the error is of another kind. The SDK's typed client hides it in `cause`. */
export function grpcErrorOf(
  error: unknown,
): { readonly code: number; readonly details: string } | undefined {
  return serviceErrorOf(error);
}

function serviceErrorOf(error: unknown) {
  const inner = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(inner) ? inner : undefined;
}

export const hasCode = (error: unknown, ...codes: readonly number[]): boolean =>
  codes.includes(grpcErrorOf(error)?.code ?? NONE);
const NONE = -1;

/**
 * The detail of this type that Temporal sent along, such as `NamespaceNotFoundFailure`. The type tells errors of one
 * code apart; the text must not, for it repeats what callers wrote.
 */
export function detailOf(error: unknown, type: string): Uint8Array | undefined {
  const grpc = serviceErrorOf(error);
  const detail = (grpc && getGrpcStatusDetails(grpc))?.find(({ type_url }) =>
    type_url?.endsWith(`${DETAILS}${type}`),
  );
  return detail && (detail.value ?? new Uint8Array());
}
const DETAILS = '/temporal.api.errordetails.v1.';

/** The same request may be taken in a moment: nobody was there, or too many were. */
export const isBusy = (error: unknown): boolean =>
  hasCode(error, GrpcCode.Unavailable, GrpcCode.ResourceExhausted) && !isTooLarge(error);

/** Nobody knows whether the request had an effect, unless it `isNeverSent`. */
export const isUnanswered = (error: unknown): boolean =>
  hasCode(
    error,
    GrpcCode.Cancelled,
    GrpcCode.DeadlineExceeded,
    GrpcCode.Internal,
    GrpcCode.Unavailable,
  );

/** A server that stops, moves or has too much to do answers so: asked later, it answers. */
export const isPassing = (error: unknown): boolean =>
  hasCode(
    error,
    GrpcCode.Cancelled,
    GrpcCode.Unknown,
    GrpcCode.DeadlineExceeded,
    GrpcCode.ResourceExhausted,
    GrpcCode.Aborted,
    GrpcCode.Internal,
    GrpcCode.Unavailable,
    GrpcCode.DataLoss,
  );

/** We may not ask this, or there is nobody who knows the question. */
export const isRefused = (error: unknown): boolean =>
  hasCode(error, GrpcCode.PermissionDenied, GrpcCode.Unimplemented, GrpcCode.Unauthenticated);

/** The namespace is not there: a wrong configuration, not a wrong id. */
export const isNoNamespace = (error: unknown): boolean =>
  hasCode(error, GrpcCode.NotFound) && detailOf(error, 'NamespaceNotFoundFailure') !== undefined;

// What follows has no type. These are sentences of gRPC and of Temporal, whole or from their beginning or to their
// end: nothing that a caller wrote can stand there.

/** Temporal was never reached: the request cannot have had an effect. */
export const isNeverSent = (error: unknown): boolean =>
  hasCode(error, GrpcCode.Unavailable) && says(error, NEVER_SENT);
const NEVER_SENT = /^(?:No connection established|Name resolution failed)/;

/** The connection broke while the answer was on its way. */
export const isCutOff = (error: unknown): boolean =>
  hasCode(error, GrpcCode.Internal) && says(error, CUT_OFF);
const CUT_OFF = /^Received RST_STREAM/;

/** Larger than Temporal takes, or than gRPC carries. */
export const isTooLarge = (error: unknown): boolean =>
  hasCode(error, GrpcCode.InvalidArgument)
    ? says(error, TOO_LARGE)
    : hasCode(error, GrpcCode.ResourceExhausted) &&
      detailOf(error, 'ResourceExhaustedFailure') === undefined &&
      says(error, TOO_LARGE_MESSAGE);
const TOO_LARGE = /(?:^|[: ])\w+ size exceeds limit\.$| exceeds size limit \d+\.?$/;
const TOO_LARGE_MESSAGE =
  /^(?:grpc: )?(?:received|sent|attempted to send) message larger than max/i;

const says = (error: unknown, sentence: RegExp): boolean =>
  sentence.test(grpcErrorOf(error)?.details ?? '');
