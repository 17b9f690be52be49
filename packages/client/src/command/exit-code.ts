import { TaskError } from '../../../../src/contract/task-error.ts';
import type { TaskErrorCode } from '../../../../src/contract/task-error.ts';
import type { TaskRunStatus } from '../../../../src/contract/task-run.ts';
import { RunError } from '../run-error.ts';
import { GatewayError } from '../wire/wire-errors.ts';
import { UsageError } from './command.ts';

/** What the end of a command tells a script. */
export const ExitCode = {
  Done: 0,
  Failed: 1,
  Usage: 2,
  NotFound: 3,
  Refused: 4,
  Unreachable: 5,
  Aborted: 6,
  Interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

const OF_ERROR: Readonly<Record<TaskErrorCode, ExitCode>> = {
  TASK_DEFINITION_NOT_FOUND: ExitCode.NotFound,
  TASK_RUN_NOT_FOUND: ExitCode.NotFound,
  INVALID_INPUT: ExitCode.Usage,
  INVALID_ARGUMENT: ExitCode.Usage,
  INVALID_DELAY: ExitCode.Usage,
  INVALID_FILTER: ExitCode.Usage,
  INVALID_CURSOR: ExitCode.Usage,
  PAYLOAD_TOO_LARGE: ExitCode.Usage,
  TOO_MANY_TO_SORT: ExitCode.Usage,
  LIMIT_EXCEEDED: ExitCode.Usage,
  KEY_CONFLICT: ExitCode.Refused,
  ALREADY_FINISHED: ExitCode.Refused,
  NOTHING_TO_RESUME: ExitCode.Refused,
  FORBIDDEN: ExitCode.Refused,
  UNAVAILABLE: ExitCode.Unreachable,
  RATE_LIMITED: ExitCode.Unreachable,
  TIMEOUT: ExitCode.Unreachable,
  RESULT_UNKNOWN: ExitCode.Unreachable,
  UNREADABLE: ExitCode.Unreachable,
};

/** A command that is over in another way than well, and has said why. */
export class Ended extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode) {
    super('Ended');
    this.exitCode = exitCode;
  }
}

/** Undefined for what is a bug. */
export function exitCodeOf(error: unknown): ExitCode | undefined {
  if (error instanceof Ended) return error.exitCode;
  if (error instanceof UsageError) return ExitCode.Usage;
  if (error instanceof GatewayError) return ExitCode.Unreachable;
  if (error instanceof RunError) return exitCodeOfRun(error.run.status);
  if (error instanceof TaskError) return OF_ERROR[error.code];
  // Of `parseArgs`, about an option that there is not.
  if (error instanceof TypeError && 'code' in error && String(error.code).includes('PARSE_ARGS'))
    return ExitCode.Usage;
  return undefined;
}

export function exitCodeOfRun(status: TaskRunStatus): ExitCode {
  if (status === 'FAILED') return ExitCode.Failed;
  return status === 'ABORTED' ? ExitCode.Aborted : ExitCode.Done;
}
