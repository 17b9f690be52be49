import { patched, workflowInfo } from '@temporalio/workflow';
import { markOf } from '../contract/wire/log-source.ts';
import { RESET_PATCH } from '../contract/wire/messages.ts';
import { runMemo } from './run-memo.ts';

/** What tells this execution's lines from those of the ones before an operator's reset; undefined without one. */
export function resetMark(): string | undefined {
  const { runId, originalExecutionRunId } = workflowInfo();
  return runId === originalExecutionRunId ? runMemo()?.mark : markOf(runId);
}

/**
 * Has Temporal's index know of a reset: it lists the executions before it too. Called with every workflow task: what
 * was recorded is found where it was, and a replay by another Run ID finds it too.
 */
export function showReset(): void {
  if (workflowInfo().unsafe.isReplaying || resetMark() !== undefined) patched(RESET_PATCH);
}
