import { TaskError } from '../../../../src/contract/task-error.ts';
import type { InputIssue, TaskErrorCode } from '../../../../src/contract/task-error.ts';
import type { ProblemCode } from '../documents/generated.ts';

/** What a mutation answers when it changes nothing. */
interface Problem {
  readonly code: ProblemCode;
  readonly message: string;
  readonly argument?: string | null;
  readonly issues?: readonly {
    readonly path: readonly string[];
    readonly code: string;
    readonly message: string;
  }[];
  readonly suggestions?: readonly string[];
  readonly usedBy?: { readonly id: string } | null;
}

/** What was asked, as far as an error tells of it. */
interface Asked {
  readonly id?: string;
  readonly key?: string | undefined;
  readonly input?: unknown;
}

/** The error that a `Tasks` beside the gateway throws for it. */
export function toProblem(problem: Problem, { id, key, input }: Asked): TaskError {
  const { code, message, argument, issues, suggestions, usedBy } = problem;
  return new TaskError(toCode(code), message, {
    ...(typeof argument === 'string' && { argument }),
    ...(issues && { issues: issues.map((issue) => toIssue(issue, input)) }),
    ...(suggestions && { suggestions }),
    ...(code === 'KEY_CONFLICT' && key !== undefined && { key }),
    ...(usedBy && { runId: usedBy.id }),
    ...((code === 'TASK_RUN_NOT_FOUND' || code === 'NOTHING_TO_RESUME') &&
      id !== undefined && { runId: id }),
  });
}

/** It is an outcome of an abort, and nothing that is thrown. */
const toCode = (code: ProblemCode): TaskErrorCode =>
  code === 'ALREADY_ABORTING' ? 'ALREADY_FINISHED' : code;

/** GraphQL has texts alone in a path: what is a place in a list, the input itself tells. */
function toIssue(
  { path, code, message }: NonNullable<Problem['issues']>[number],
  input: unknown,
): InputIssue {
  let at = input;
  const steps = path.map((step) => {
    const isPlace = Array.isArray(at);
    at = typeof at === 'object' && at !== null ? Reflect.get(at, step) : undefined;
    return isPlace ? Number(step) : step;
  });
  return { path: steps, code, message };
}
