import { TaskError } from '../../../../src/contract/task-error.ts';
import type { TaskErrorCode, TaskErrorDetails } from '../../../../src/contract/task-error.ts';

/** What a gateway, or something in front of it, answered that is no answer to the question: a bug, or another address. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  /** `INTERNAL`, `BAD_REQUEST`, or `HTTP_<status>`. */
  readonly code: string;
  /** By which the gateway's log tells more. */
  readonly requestId: string | undefined;

  constructor(code: string, message: string, requestId?: string) {
    super(message);
    this.code = code;
    this.requestId = requestId;
  }
}

/** An error of GraphQL, as it comes. */
export interface AnsweredError {
  readonly message: string;
  readonly extensions?: TaskErrorDetails & { readonly code?: string; readonly requestId?: string };
}

export function toError({ message, extensions = {} }: AnsweredError): Error {
  const { code = 'BAD_REQUEST', requestId, ...details } = extensions;
  if (isTaskErrorCode(code)) return new TaskError(code, message, details);
  // A value that GraphQL itself refuses is out of bounds like any other.
  const [, variable, place = variable] = REFUSED_VALUE.exec(message) ?? [];
  if (place === undefined) return new GatewayError(code, message, requestId);
  const argument = place.replace(/^.*\./, '');
  const of = variable === 'filter' ? 'INVALID_FILTER' : 'INVALID_ARGUMENT';
  return new TaskError(DELAYS.test(argument) ? 'INVALID_DELAY' : of, message, { argument });
}

const REFUSED_VALUE = /^Variable "\$(\w+)" got invalid value .*?(?: at "([\w.]+)|; )/s;
const DELAYS = /^(?:delay|runAt)$/;
/** Of GraphQL, of HTTP and of bugs. All others are the contract's, also those of a gateway that is newer than this. */
const OTHERS = /^(?:BAD_REQUEST|INTERNAL|NOT_FOUND)$/;
const isTaskErrorCode = (code: string): code is TaskErrorCode => !OTHERS.test(code);

export const unreachable = (cause?: unknown): TaskError =>
  new TaskError('UNAVAILABLE', 'The gateway cannot be reached.', { cause });

export const refused = (message: string): TaskError => new TaskError('FORBIDDEN', message);

/** It may be answered when it is asked again. */
export const isPassing = (error: unknown): error is TaskError =>
  error instanceof TaskError && PASSING.test(error.code);
const PASSING = /^(?:UNAVAILABLE|RATE_LIMITED|TIMEOUT)$/;
