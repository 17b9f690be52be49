import { TaskError } from '../../../contract/task-error.ts';
import type { TaskErrorCode, TaskErrorDetails } from '../../../contract/task-error.ts';
import type { TaskRun } from '../../../contract/task-run.ts';
import { namedHere } from './named-here.ts';

/** Why a change was not made, for the caller to act on: a member of the unions that mutations answer. */
export interface Problem {
  readonly type: ProblemType;
  readonly code: ProblemCode;
  readonly message: string;
  readonly details: TaskErrorDetails;
}

/** A problem that is a run's state, with that run. */
export interface RunProblem extends Problem {
  readonly type: 'AlreadyAborting' | 'AlreadyFinished';
  readonly run: TaskRun;
}

/** The type that shows each error; null for a fault, which is a GraphQL error with this code. */
const TYPE_OF = {
  TASK_DEFINITION_NOT_FOUND: 'TaskDefinitionNotFound',
  TASK_RUN_NOT_FOUND: 'TaskRunNotFound',
  INVALID_INPUT: 'InvalidInput',
  INVALID_ARGUMENT: 'InvalidArgument',
  INVALID_DELAY: 'InvalidArgument',
  PAYLOAD_TOO_LARGE: 'PayloadTooLarge',
  KEY_CONFLICT: 'KeyConflict',
  FORBIDDEN: 'Forbidden',
  INVALID_FILTER: null,
  INVALID_CURSOR: null,
  TOO_MANY_TO_SORT: null,
  UNAVAILABLE: null,
  RATE_LIMITED: null,
  LIMIT_EXCEEDED: null,
  TIMEOUT: null,
  RESULT_UNKNOWN: null,
  UNREADABLE: null,
  NOTHING_TO_RESUME: 'NothingToResume',
  // An outcome of its operations, which nothing throws.
  ALREADY_FINISHED: null,
} as const satisfies Readonly<Record<TaskErrorCode, string | null>>;

type ThrownCode = {
  [C in TaskErrorCode]: (typeof TYPE_OF)[C] extends null ? never : C;
}[TaskErrorCode];
export type ProblemCode = ThrownCode | 'ALREADY_ABORTING' | 'ALREADY_FINISHED';
export type ProblemType = (typeof TYPE_OF)[ThrownCode] | RunProblem['type'];

/** What came of a change: its answer, or the problem that the service refused it with. Faults are thrown on. */
export async function orProblem<T>(change: () => Promise<T>): Promise<T | Problem> {
  try {
    return await change();
  } catch (thrown) {
    const error = namedHere(thrown, ARGUMENTS);
    if (error instanceof TaskError && isProblemCode(error.code))
      return {
        type: TYPE_OF[error.code],
        code: error.code,
        message: error.message,
        details: error.details,
      };
    throw thrown;
  }
}

/** What `Tasks` calls arguments that have another name here. */
const ARGUMENTS = { 'parent.id': 'parent' };

const isProblemCode = (code: TaskErrorCode): code is ThrownCode => TYPE_OF[code] !== null;

/** The type of a union's member: results of changes carry it as problems do. */
export const typeOf = ({ type }: { readonly type: string }): string => type;
