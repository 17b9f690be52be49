import { useCallback } from 'react';
import { TaskError } from '../../../../src/contract/task-error.ts';
import type { InputIssue } from '../../../../src/contract/task-error.ts';
import type { InputOf } from '../../../../src/contract/task-definition.ts';
import type { TriggerOptions } from '../../../../src/contract/tasks.ts';
import type { RunOf } from '../remote-tasks.ts';
import { useClient } from './provider.ts';
import type { DefinitionId, Registered } from './registered.ts';
import { useAction } from './use-action.ts';

export interface Trigger<D extends DefinitionId> {
  /** Answers the run, or undefined when it was not triggered: `issues` or `error` then says why. */
  readonly trigger: (
    input: InputOf<Registered[D]>,
    options?: TriggerOptions,
  ) => Promise<RunOf<D> | undefined>;
  /** While it is, another call is the same one. */
  readonly isPending: boolean;
  /** What is wrong with the input, field by field. */
  readonly issues: readonly InputIssue[];
  /** The words for one field, such as `issueAt('lines', 0, 'amount')`. */
  readonly issueAt: (...path: readonly (string | number)[]) => string | undefined;
  /** Whatever else kept it from being triggered. */
  readonly error: Error | undefined;
  /** The run that was triggered last. */
  readonly run: RunOf<D> | undefined;
  readonly reset: () => void;
}

/** Triggers runs of a definition, for a form: what is wrong with the input comes by its fields. */
export function useTrigger<D extends DefinitionId>(definition: D): Trigger<D> {
  const client = useClient();
  const { run, answer, error, isPending, reset } = useAction(
    (input: InputOf<Registered[D]>, options: TriggerOptions = {}) =>
      client.trigger({ ...options, definition, input }),
  );
  const issues = (error instanceof TaskError && error.details.issues) || NONE;
  const issueAt = useCallback(
    (...path: readonly (string | number)[]) =>
      issues.find((issue) => issue.path.join('\n') === path.join('\n'))?.message,
    [issues],
  );
  return {
    trigger: run,
    isPending,
    issues,
    issueAt,
    error: issues.length > 0 ? undefined : error,
    run: answer,
    reset,
  };
}

const NONE: readonly InputIssue[] = [];
