import {
  ApplicationFailure,
  CancelledFailure,
  makeContinueAsNewFunc,
  workflowInfo,
} from '@temporalio/workflow';
import type { Carried } from '../contract/wire/messages.ts';
import { MEMO } from '../contract/wire/messages.ts';
import type { TaskDefinition } from '../contract/task-definition.ts';
import { executeChild, triggerChild } from './child-runs.ts';
import type { ChildRunOptions } from './child-runs.ts';
import { assertFits } from './input-and-output.ts';
import { resetMark } from './reset-mark.ts';
import { runMemo, toSearchAttributePairs } from './run-memo.ts';
import { state } from './run-state.ts';

/** What `run` and `onAbort` are given beside the input. */
export interface TaskContext<Input = unknown> {
  /** The run's id. */
  readonly id: string;
  /** 1 for the first. */
  readonly iteration: number;
  /**
   * Ends this iteration and begins the next one, with this input and a fresh history: for work without an end.
   * Never resolves: `return` it, once no activity is running.
   */
  nextIteration(input: Input): Promise<never>;
  /** Runs another task as a child and resolves to its output. An abort of this run aborts the child too. */
  execute<ChildInput, ChildOutput>(
    definition: TaskDefinition<ChildInput, ChildOutput>,
    input: ChildInput,
    options?: ChildRunOptions,
  ): Promise<ChildOutput>;
  /** Starts a run of its own that names this one as its parent. Resolves to its id when it is recorded. */
  trigger<ChildInput>(
    definition: TaskDefinition<ChildInput, unknown>,
    input: ChildInput,
    options?: ChildRunOptions,
  ): Promise<string>;
}

export const taskContext = <Input>(maxIterations: number): TaskContext<Input> => ({
  id: workflowInfo().workflowId,
  iteration: state.iteration,
  nextIteration: (input) => nextIteration(input, maxIterations),
  execute: executeChild,
  trigger: triggerChild,
});

async function nextIteration(input: unknown, maxIterations: number): Promise<never> {
  // The new iteration would know nothing of it.
  if (state.ending) throw new CancelledFailure('The run was stopped before its next iteration.');
  if (state.iteration >= maxIterations)
    throw ApplicationFailure.nonRetryable(
      `The run asked for more than its ${maxIterations} iterations (\`maxIterations\`).`,
      'MAX_ITERATIONS',
    );
  if (state.activities.count > 0)
    throw ApplicationFailure.nonRetryable(
      `nextIteration would cut off ${state.activities.count} running activities: await them first.`,
      'ACTIVITIES_RUNNING',
    );
  assertFits('The input of the next iteration', input);
  const iteration = state.iteration + 1;
  const carried: Carried = {
    v: 1,
    iteration,
    startedAt: state.startedAt,
    log: state.log.carry(),
  };
  const { startTime, typedSearchAttributes } = workflowInfo();
  const memo = runMemo();
  const mark = resetMark();
  const continueAsNew = makeContinueAsNewFunc<
    (input: unknown, carried: Carried) => Promise<unknown>
  >({
    // Temporal would carry on the memo of this iteration's start.
    memo: {
      ...workflowInfo().memo,
      ...(memo && {
        [MEMO]: {
          ...memo,
          iteration,
          createdAt: memo.createdAt ?? startTime.toISOString(),
          ...(mark !== undefined && { mark }),
        },
      }),
    },
    typedSearchAttributes: typedSearchAttributes.updateCopy(
      toSearchAttributePairs({ TaskIteration: iteration }),
    ),
  });
  return continueAsNew(input, carried);
}
