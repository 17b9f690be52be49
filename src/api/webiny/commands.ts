import { LIMITS } from '../../contract/limits.ts';
import type { InputIssue } from '../../contract/task-error.ts';
import { TaskError } from '../../contract/task-error.ts';
import type { TaskRun } from '../../contract/task-run.ts';
import type { Tasks } from '../../contract/tasks.ts';
import { ContractError } from './contract-error.ts';
import { isUnknownRun } from './find-run.ts';
import { WORDS } from './words.ts';

/** The mutations, with the errors that clients of this namespace know. */
export interface TriggerArguments {
  readonly definition: string;
  readonly input?: unknown;
  readonly name?: string | null | undefined;
  readonly delay?: number | null | undefined;
}

/** Seconds: 355 days. */

export async function triggerTask(
  tasks: Tasks,
  { definition, input, name, delay }: TriggerArguments,
): Promise<TaskRun> {
  try {
    return await tasks.trigger({
      definition,
      input: input ?? {},
      name: name ?? undefined,
      delay: delay ?? undefined,
    });
  } catch (error) {
    throw toTriggerError(error, { definition, input, name, delay });
  }
}

function toTriggerError(
  error: unknown,
  { definition, input, name, delay }: TriggerArguments,
): unknown {
  if (!(error instanceof TaskError)) return error;
  if (error.code === 'TASK_DEFINITION_NOT_FOUND')
    return new ContractError('TASK_DEFINITION_ERROR', 'Task definition was not found!', {
      id: definition,
    });
  if (error.code === 'INVALID_DELAY' && (delay ?? 0) >= LIMITS.delay)
    return new ContractError('MAX_DELAY_ERROR', 'The maximum delay for a task is 355 days.', {
      name: name ?? null,
      definitionId: definition,
      input: input ?? {},
      parentId: null,
      delay,
    });
  if (error.code === 'INVALID_INPUT')
    return new ContractError('VALIDATION_FAILED_INVALID_FIELDS', 'Validation failed.', {
      invalidFields: Object.fromEntries((error.details.issues ?? []).map(toInvalidField)),
    });
  if (error.code === 'UNAVAILABLE')
    return new ContractError(
      'TRIGGER_STEP_FUNCTION_ERROR',
      'Could not trigger the step function!',
      {
        task: null,
        reason: error.message,
      },
    );
  return error;
}

function toInvalidField({ path, code, message }: InputIssue): [string, unknown] {
  return [path.join('.'), { code, message, data: { fatal: false, path } }];
}

/** A run that is stopping already is no error: its first abort stands. */
export async function abortTask(
  tasks: Tasks,
  { id, message }: { readonly id: string; readonly message?: string | null | undefined },
): Promise<TaskRun> {
  try {
    const { outcome, run } = await tasks.abort({ id, reason: message ?? undefined });
    if (outcome !== 'ALREADY_FINISHED') return run;
    throw new ContractError(
      'TASK_ABORT_ERROR',
      'Cannot abort a task that is not pending or running!',
      { id, status: WORDS[run.status] },
    );
  } catch (error) {
    throw toAbortError(error, id);
  }
}

function toAbortError(error: unknown, id: string): unknown {
  if (!(error instanceof TaskError) || error.code === 'FORBIDDEN') return error;
  if (error.code === 'TASK_RUN_NOT_FOUND')
    return new ContractError('NOT_FOUND', `Task "${id}" was not found!`);
  return new ContractError('TASK_ABORT_ERROR', 'Could not abort the task!', {
    id,
    message: error.message,
    code: error.code,
  });
}

export async function deleteTask(tasks: Tasks, id: string): Promise<true> {
  try {
    await tasks.delete(id);
    return true;
  } catch (error) {
    throw isUnknownRun(error)
      ? new ContractError('NOT_FOUND', `Entry "${id}#0001" was not found!`)
      : error;
  }
}
