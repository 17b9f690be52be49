import { ApplicationFailure, CancelledFailure, setWorkflowOptions } from '@temporalio/workflow';
import type { z } from 'zod';
import { checkDescription, wrong } from '../contract/rules/check-description.ts';
import type { Carried } from '../contract/wire/messages.ts';
import type { TaskDefinition, TaskDescription } from '../contract/task-definition.ts';
import { beginRun } from './begin-run.ts';
import { cleanUp } from './clean-up.ts';
import type { TaskAbort } from './clean-up.ts';
import { checkOutput, parseInput } from './input-and-output.ts';
import { state } from './run-state.ts';
import { showEnd } from './show-details.ts';
import { isStopped, stoppable } from './stop.ts';
import type { StopOptions } from './stop.ts';
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

/** Makes a task definition: a Temporal workflow that describes itself. Export it under its id. */
export function defineTask<Input extends z.ZodType, Output>(
  options: TaskOptions<Input, Output>,
): TaskDefinition<z.input<Input>, Output> {
  const { run, onAbort } = options;
  const { description, grace, timeout, maxIterations } = toSpec(options);
  async function taskRun(input: z.input<Input>): Promise<Output> {
    if (state.ending && state.iteration === 1) {
      state.note({ mode: 'BEFORE_START' });
      throw new CancelledFailure('The run was aborted before it began.');
    }
    const parsed = await parseInput(options, input);
    const task = taskContext<z.input<Input>>(maxIterations);
    try {
      const work = async (): Promise<Output> => {
        // It was aborted between two iterations.
        if (state.ending) throw new CancelledFailure('The run was aborted.');
        return run(parsed, task);
      };
      return await checkOutput(options, await stoppable(work, { grace, timeout }));
    } catch (error) {
      const { ending } = state;
      if (!ending || !isStopped(error)) throw error;
      if (onAbort) await cleanUp(ending, (abort) => onAbort(abort, task), grace);
      throw toEnd();
    }
  }
  async function taskWorkflow(input: z.input<Input>, carried?: Carried): Promise<Output> {
    beginRun(carried);
    try {
      const output = await taskRun(input);
      showEnd();
      return output;
    } catch (error) {
      const failure = toFailure(error);
      showEnd(failure);
      throw failure;
    }
  }
  // An error of the task's code ends its run; otherwise the workflow task would fail again and again.
  setWorkflowOptions({ failureExceptionTypes: [Error] }, taskWorkflow);
  return Object.assign(taskWorkflow, description);
}

/** Seconds. */
const GRACE = 30;
/** Seconds: ten years, as Temporal's own. */
const MAX_TIMEOUT = 10 * 365 * 86_400;

/** What a definition is to all others, and how long it may take; refuses options that make no definition. */
function toSpec<Input extends z.ZodType, Output>({
  id,
  title,
  description,
  private: hidden = false,
  input,
  output,
  grace = GRACE,
  timeout,
  maxIterations = 1000,
  examples = [],
  run,
  onAbort,
}: TaskOptions<Input, Output>): StopOptions & {
  readonly description: TaskDescription;
  readonly maxIterations: number;
} {
  const described = {
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
  checkDescription(described);
  if (timeout !== undefined && !(timeout > 0 && timeout <= MAX_TIMEOUT))
    throw wrong(id, 'timeout', `more than 0 and at most ${MAX_TIMEOUT} seconds`, timeout);
  if (!(Number.isInteger(maxIterations) && maxIterations >= 1))
    throw wrong(id, 'maxIterations', 'an integer from 1', maxIterations);
  if (typeof run !== 'function') throw wrong(id, 'run', 'a function', run);
  if (onAbort !== undefined && typeof onAbort !== 'function')
    throw wrong(id, 'onAbort', 'a function', onAbort);
  return { description: described, grace, timeout, maxIterations };
}

/** An abort that came while a time-out, or the clean-up after it, was under way counts too. */
function toEnd(): Error {
  const { kind, reason } = state.ending ?? {};
  return kind === 'TIMEOUT'
    ? ApplicationFailure.nonRetryable(reason, kind)
    : new CancelledFailure(reason ?? '');
}
