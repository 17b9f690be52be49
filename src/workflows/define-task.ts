import {
  ApplicationFailure,
  CancelledFailure,
  setWorkflowOptions,
  sleep,
} from '@temporalio/workflow';
import type { z } from 'zod';
import { checkDescription, wrong } from '../contract/rules/check-description.ts';
import { invalidInput, toIssues } from '../contract/rules/check-input.ts';
import type { Carried } from '../contract/wire/messages.ts';
import type { TaskDefinition, TaskDescription } from '../contract/task-definition.ts';
import { assertFits } from './fits.ts';
import { beginRun } from './begin-run.ts';
import { run } from './run-state.ts';
import { isStopped, shielded, stoppable } from './stop.ts';
import { taskContext } from './task-context.ts';
import type { TaskContext } from './task-context.ts';
import { toFailure } from './to-failure.ts';

export interface TaskOptions<Input extends z.ZodType, Output> {
  /** camelCase; the name it is exported under. */
  readonly id: string;
  readonly title: string;
  readonly description?: string;
  /** Not in the catalogue and not triggerable through GraphQL; code may trigger it. */
  readonly private?: boolean;
  readonly input: Input;
  /** Checked when the run ends. Without it any output that has a JSON will do. */
  readonly output?: z.ZodType<NoInfer<Output>>;
  /** Seconds that an aborted run may take to stop, and `onAbort` after that: a whole number. Default: 30. */
  readonly grace?: number;
  /** Seconds that all iterations of a run may take; then it is stopped as by an abort, and fails. */
  readonly timeout?: number;
  /** Default: 1,000. */
  readonly maxIterations?: number;
  readonly examples?: readonly z.input<Input>[];
  /** The work: deterministic code that calls activities, waits, and runs other tasks. */
  readonly run: (
    input: z.output<Input>,
    task: TaskContext<z.input<Input>>,
  ) => Output | Promise<Output>;
  /** Clean-up, after the work of an aborted or timed-out run has stopped. An abort cannot interrupt it. */
  readonly onAbort?: (abort: TaskAbort, task: TaskContext<z.input<Input>>) => unknown;
}

/** Why a run was stopped, and how. */
export interface TaskAbort {
  /** The actor's name; null when nobody is named, and for a time-out. */
  readonly by: string | null;
  /** Null when none was given. */
  readonly reason: string | null;
  /** `FORCED`: the work did not stop within its grace and may still be going on. */
  readonly mode: 'GRACEFUL' | 'FORCED';
  readonly timedOut: boolean;
}

/** Makes a task definition: a Temporal workflow that describes itself. Export it under its id. */
export function defineTask<Input extends z.ZodType, Output>(
  options: TaskOptions<Input, Output>,
): TaskDefinition<z.input<Input>, Output> {
  const description = toDescription(options);
  const limits = toLimits(options);
  async function taskRun(input: z.input<Input>): Promise<Output> {
    if (run.abort && run.iteration === 1) {
      run.mode = 'BEFORE_START';
      throw new CancelledFailure('The run was aborted before it began.');
    }
    const parsed = await parseInput(options, input);
    const task = taskContext<z.input<Input>>(limits.maxIterations);
    try {
      const output = await stoppable(async () => {
        // It was aborted between two iterations.
        if (run.abort) throw new CancelledFailure('The run was aborted.');
        return options.run(parsed, task);
      }, limits);
      return await checkOutput(options, output);
    } catch (error) {
      if (run.cause === undefined || !isStopped(error)) throw error;
      await cleanUp(options, task, limits.grace);
      throw toEnd();
    }
  }
  async function taskWorkflow(input: z.input<Input>, carried?: Carried): Promise<Output> {
    beginRun(carried);
    try {
      return await taskRun(input);
    } catch (error) {
      throw toFailure(error);
    }
  }
  // An error of the task's code ends its run; otherwise the workflow task would fail again and again.
  setWorkflowOptions({ failureExceptionTypes: [Error] }, taskWorkflow);
  return Object.assign(taskWorkflow, description);
}

/** Seconds. */
const GRACE = 30;

function toDescription<Input extends z.ZodType, Output>({
  id,
  title,
  description,
  private: hidden = false,
  input,
  output,
  grace = GRACE,
  examples = [],
}: TaskOptions<Input, Output>): TaskDescription {
  const result = {
    id,
    title,
    // An empty one says nothing either.
    description: description === undefined || description === '' ? null : description,
    private: hidden,
    input,
    output,
    grace,
    examples,
  };
  checkDescription(result);
  return result;
}

interface Limits {
  readonly grace: number;
  readonly timeout: number | undefined;
  readonly maxIterations: number;
}

function toLimits<Input extends z.ZodType, Output>(options: TaskOptions<Input, Output>): Limits {
  const { id, grace = GRACE, timeout, maxIterations = 1000 } = options;
  if (timeout !== undefined && !(timeout > 0 && timeout <= MAX_TIMEOUT))
    throw wrong(id, 'timeout', `more than 0 and at most ${MAX_TIMEOUT} seconds`, timeout);
  if (!(Number.isInteger(maxIterations) && maxIterations >= 1))
    throw wrong(id, 'maxIterations', 'an integer from 1', maxIterations);
  if (typeof options.run !== 'function') throw wrong(id, 'run', 'a function', options.run);
  if (options.onAbort !== undefined && typeof options.onAbort !== 'function')
    throw wrong(id, 'onAbort', 'a function', options.onAbort);
  return { grace, timeout, maxIterations };
}
/** Seconds: ten years, as Temporal's own. */
const MAX_TIMEOUT = 10 * 365 * 86_400;

async function parseInput<Input extends z.ZodType>(
  { id, input: schema }: { readonly id: string; readonly input: Input },
  input: unknown,
): Promise<z.output<Input>> {
  const { success, data, error } = await schema.safeParseAsync(input);
  if (success) return data;
  const { message, details } = invalidInput({ id }, toIssues(error));
  throw ApplicationFailure.nonRetryable(message, 'INVALID_INPUT', details);
}

async function checkOutput<Input extends z.ZodType, Output>(
  { id, output: schema }: TaskOptions<Input, Output>,
  output: Output,
): Promise<Output> {
  assertFits(`The output of ${id}`, output);
  if (!schema) return output;
  const { success, data, error } = await schema.safeParseAsync(output);
  if (success) return data;
  const issues = toIssues(error);
  throw ApplicationFailure.nonRetryable(
    `The output of ${id} does not fit its schema. ${issues
      .slice(0, 5)
      .map(({ path, message }) => `${path.join('.')}: ${message}`)
      .join('; ')}`,
    'INVALID_OUTPUT',
    { issues },
  );
}

async function cleanUp<Input extends z.ZodType, Output>(
  { onAbort }: TaskOptions<Input, Output>,
  task: TaskContext<z.input<Input>>,
  grace: number,
): Promise<void> {
  if (!onAbort) return;
  const { by = null, reason = run.stop ?? null } = run.abort ?? {};
  const abort: TaskAbort = {
    by,
    reason,
    mode: run.mode === 'FORCED' ? 'FORCED' : 'GRACEFUL',
    timedOut: run.abort === undefined,
  };
  run.cleanUp = await shielded(() =>
    Promise.race([
      // An error is noted, not thrown: the run was aborted all the same.
      (async () => onAbort(abort, task))().then(
        () => 'DONE',
        (error: unknown) => String(error).slice(0, 1000),
      ),
      sleep(grace * 1000).then(() => 'TIMED_OUT'),
    ]),
  );
}

const toEnd = (): Error =>
  run.abort
    ? new CancelledFailure(run.abort.reason ?? '')
    : ApplicationFailure.nonRetryable(run.stop, 'TIMEOUT');
