/** What a caller can act on. Each code says who must do something, and what. */
export const TaskErrorCode = {
  /** No public definition has this id. `suggestions` names the nearest. */
  TaskDefinitionNotFound: 'TASK_DEFINITION_NOT_FOUND',
  TaskRunNotFound: 'TASK_RUN_NOT_FOUND',
  /** The input does not fit the definition's schema; `issues` has one entry a field. */
  InvalidInput: 'INVALID_INPUT',
  /** An argument other than the input is out of bounds: a name, tag, key, id, priority, grace. */
  InvalidArgument: 'INVALID_ARGUMENT',
  InvalidDelay: 'INVALID_DELAY',
  InvalidFilter: 'INVALID_FILTER',
  /** The cursor is forged, damaged, or belongs to another filter, order or run. */
  InvalidCursor: 'INVALID_CURSOR',
  /** This key was used before, with another definition or input. */
  KeyConflict: 'KEY_CONFLICT',
  /** The run is open or has succeeded: only one that failed or was aborted is gone on from. */
  NothingToResume: 'NOTHING_TO_RESUME',
  AlreadyFinished: 'ALREADY_FINISHED',
  PayloadTooLarge: 'PAYLOAD_TOO_LARGE',
  /** More than 1,000 runs match an order that must be sorted on the gateway. */
  TooManyToSort: 'TOO_MANY_TO_SORT',
  /** The operation asks for more than one may: in bytes, calls to Temporal or fields. Ask for less at once. */
  LimitExceeded: 'LIMIT_EXCEEDED',
  /** Temporal cannot be reached. Nothing was changed; ask again. */
  Unavailable: 'UNAVAILABLE',
  RateLimited: 'RATE_LIMITED',
  Timeout: 'TIMEOUT',
  /** It may have happened: ask again with the same key or id. */
  ResultUnknown: 'RESULT_UNKNOWN',
  /** Temporal holds the value, and this process lacks the codec that it was written with. */
  Unreadable: 'UNREADABLE',
  Forbidden: 'FORBIDDEN',
} as const;
export type TaskErrorCode = (typeof TaskErrorCode)[keyof typeof TaskErrorCode];

/** One field of an input that its schema refuses. */
export interface InputIssue {
  readonly path: readonly (string | number)[];
  /** zod's issue code, such as `invalid_type` or `too_small`. */
  readonly code: string;
  readonly message: string;
}

export interface TaskErrorDetails {
  readonly issues?: readonly InputIssue[];
  readonly suggestions?: readonly string[];
  /** Seconds to wait before the next try. */
  readonly retryAfter?: number;
  /** Whose limit was reached, of a `RATE_LIMITED` that is not the gateway's or Temporal's own. */
  readonly limit?: 'caller' | 'tenant' | 'address' | 'lists' | 'openRuns' | undefined;
  /** The key under which a trigger with an unknown result is safe to repeat. */
  readonly key?: string;
  /** The argument or field that is out of bounds, as `Tasks` names it and the message quotes it. */
  readonly argument?: string;
  /** The run that the error is about. */
  readonly runId?: string;
}

/** An argument or field of a filter that is out of bounds, under the name that `Tasks` has for it. */
export const outOfBounds = (
  argument: string,
  expected: string,
  code: 'INVALID_ARGUMENT' | 'INVALID_DELAY' | 'INVALID_FILTER' = 'INVALID_ARGUMENT',
): TaskError => new TaskError(code, `Expected \`${argument}\` ${expected}`, { argument });

/** A tenant has as many runs open as it may have. */
export const noRoomToRun = (open: number, limit: number): TaskError =>
  new TaskError(
    'RATE_LIMITED',
    `Your tenant has ${open} runs open, and may trigger while it has fewer than ${limit}: wait until some have ended, or abort some.`,
    { limit: 'openRuns', retryAfter: 2 },
  );

/** A run that is not there, is no longer, or may not be seen: these must not be told apart. */
export const noSuchRun = (id: string, cause?: unknown): TaskError =>
  new TaskError('TASK_RUN_NOT_FOUND', `There is no task run ${JSON.stringify(id)}.`, {
    runId: id,
    cause,
  });

/** An error a caller can act on. Anything else is a bug: masked outside, logged inside. */
export class TaskError extends Error {
  override readonly name = 'TaskError';
  readonly code: TaskErrorCode;
  readonly details: TaskErrorDetails;

  constructor(
    code: TaskErrorCode,
    message: string,
    { cause, ...details }: TaskErrorDetails & { readonly cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.details = details;
  }
}
