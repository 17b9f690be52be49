import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { TaskError, type TaskErrorDetails } from '../../contract/task-error.ts';

/** What errors are written to; pino, Fastify's logger and `console` all fit. */
export interface ErrorLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Where an error came up. */
export interface ErrorScope {
  readonly log: ErrorLog;
  /** Finds the log line of a masked error; the only thing of it that callers see. */
  readonly requestId: string;
  /** Whether the words of GraphQL's own errors may guess what was meant; they do unless this is false. */
  readonly suggestions?: boolean | undefined;
}

/** What a caller may know of an error. */
export interface PublicError {
  readonly message: string;
  readonly code: string;
  readonly details: TaskErrorDetails | { readonly requestId: string };
}

/**
 * Says an error as callers may see it: a `TaskError` and a refused request as they are, anything else
 * is masked, and logged with its cause. No stack trace ever leaves.
 */
export function toPublicError(error: unknown, { log, requestId }: ErrorScope): PublicError {
  if (error instanceof TaskError) {
    const { code, message, details, cause } = error;
    const isTrouble = TEMPORAL_TROUBLE.has(code) && details.limit === undefined;
    log[isTrouble ? 'warn' : 'debug']({ code, err: cause }, message);
    return { message, code, details };
  }
  log.error({ err: error, requestId }, 'Internal error');
  return { message: 'Internal error', code: INTERNAL, details: { requestId } };
}
const INTERNAL = 'INTERNAL';
/** Nothing that the caller did. */
const TEMPORAL_TROUBLE: ReadonlySet<string> = new Set([
  'UNAVAILABLE',
  'RATE_LIMITED',
  'TIMEOUT',
  'RESULT_UNKNOWN',
  'UNREADABLE',
]);

/** The same for errors of GraphQL, of every transport. Syntax, validation and coercion errors keep their words. */
export function toFormattedErrors(
  errors: readonly Error[],
  scope: ErrorScope,
): readonly GraphQLFormattedError[] {
  // Beyond some, the fields of one operation share one.
  return [...new Set(errors)]
    .flatMap((error) => requestErrorsOf(error) ?? [toFormatted(error, scope)])
    .map((error) => (scope.suggestions === false ? withoutSuggestions(error) : error));
}

/** graphql-js has no switch for them; it puts them last. */
const withoutSuggestions = (error: GraphQLFormattedError): GraphQLFormattedError => ({
  ...error,
  message: error.message.replace(/ Did you mean (?:(?!Did you mean).)*\?$/s, ''),
});

function toFormatted(error: Error, scope: ErrorScope): GraphQLFormattedError {
  const cause = rootOf(error);
  if (error instanceof GraphQLError && cause instanceof GraphQLError) return toRequestError(error);
  if (isRefusal(cause)) return { message: cause.message, extensions: { code: codeOf(cause) } };
  const { message, code, details } = toPublicError(cause, scope);
  const { locations, path } = error instanceof GraphQLError ? error.toJSON() : {};
  return {
    message,
    ...(locations && { locations }),
    ...(path && { path }),
    extensions: { code, ...details },
  };
}

/** graphql-js wraps what a resolver throws, and what it has wrapped already. */
function rootOf(error: Error): Error {
  let root = error;
  while (root instanceof GraphQLError && root.originalError) root = root.originalError;
  return root;
}

/** A request that was refused before anything ran; mercurius and Fastify throw these, with the status to answer. */
interface Refusal extends Error {
  readonly statusCode: number;
}
export function isRefusal(error: unknown): error is Refusal {
  return (
    error instanceof Error &&
    'statusCode' in error &&
    typeof error.statusCode === 'number' &&
    ((error.statusCode >= 400 && error.statusCode < 500) || error.statusCode === 503)
  );
}

/** Says why a request is not served, with a status of HTTP. */
export class Refused extends Error {
  readonly statusCode: number;
  readonly code: string;

  constructor(statusCode: number, message: string, code = BAD_REQUEST) {
    super(message);
    this.statusCode = statusCode;
    this.code = code;
  }
}
const BAD_REQUEST = 'BAD_REQUEST';
/** Codes of mercurius and Fastify say how the gateway is made, and nothing that a caller could act on. */
const codeOf = (error: Error): string =>
  'code' in error && typeof error.code === 'string' && !/^(?:MER|FST)_/.test(error.code)
    ? error.code
    : BAD_REQUEST;

/** mercurius hands syntax and validation errors over as a list inside one error of its own. */
function requestErrorsOf(error: Error): readonly GraphQLFormattedError[] | undefined {
  const cause = rootOf(error);
  if (!isValidationFailure(cause)) return undefined;
  return cause.errors.map((one) =>
    one instanceof GraphQLError
      ? toRequestError(one)
      : { message: one.message, extensions: { code: BAD_REQUEST } },
  );
}

/** What GraphQL itself has found; without a path it was before anything ran. */
function toRequestError(error: GraphQLError): GraphQLFormattedError {
  const told = error.toJSON();
  if (told.path) return told;
  return { ...told, extensions: { code: BAD_REQUEST, ...told.extensions } };
}

/** The document or its variables were refused by GraphQL itself. */
export function isValidationFailure(
  error: unknown,
): error is Error & { readonly errors: readonly Error[] } {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'MER_ERR_GQL_VALIDATION' &&
    'errors' in error &&
    Array.isArray(error.errors)
  );
}
