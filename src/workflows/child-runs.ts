import {
  ApplicationFailure,
  ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  executeChild as executeChildWorkflow,
  isCancellation,
  startChild,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type { ChildWorkflowOptions } from '@temporalio/workflow';
import { isTaskDefinition } from '../contract/rules/catalogue.ts';
import { checkTrigger } from '../contract/rules/check-trigger.ts';
import type { CheckedTrigger } from '../contract/rules/check-trigger.ts';
import { inTenant, tenantOf } from '../contract/wire/tenant.ts';
import { MEMO } from '../contract/wire/messages.ts';
import type { CalledAgain } from '../contract/wire/resumption.ts';
import { toRunFields } from '../contract/wire/run-fields.ts';
import type { RunMemo } from '../contract/wire/run-fields.ts';
import type { TaskDefinition } from '../contract/task-definition.ts';
import { TaskError } from '../contract/task-error.ts';
import { assertFits } from './input-and-output.ts';
import { runMemo, toSearchAttributePairs } from './run-memo.ts';
import { codeOf, rootOf } from './to-failure.ts';
import { state } from './run-state.ts';
import { showDetails } from './show-details.ts';

export interface ChildRunOptions {
  /** Display name, at most 200 characters. Default: the definition's title. */
  readonly name?: string;
  /** At most 20, each at most 100 characters; kept in lower case. */
  readonly tags?: readonly string[];
}

export async function executeChild<Input, Output>(
  definition: TaskDefinition<Input, Output>,
  input: Input,
  options: ChildRunOptions = {},
): Promise<Output> {
  const child = toChild(definition, input, options);
  const earlier = state.earlier?.next('CHILD', definition.id, child.args);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what this child answered to this input
  if (earlier?.kept?.done) return earlier.kept.result as Output;
  state.children.started++;
  showDetails();
  try {
    // By its id: the function's own name is the same for every definition.
    return await executeChildWorkflow<(input: Input) => Promise<Output>>(definition.id, {
      ...withCall(child, earlier),
      parentClosePolicy: 'REQUEST_CANCEL',
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    });
  } catch (error) {
    throw toChildFailure(error, definition.id, child.workflowId);
  }
}

export async function triggerChild<Input>(
  definition: TaskDefinition<Input, unknown>,
  input: Input,
  options: ChildRunOptions = {},
): Promise<string> {
  const child = toChild(definition, input, options);
  const earlier = state.earlier?.next('TRIGGERED', definition.id, child.args);
  if (earlier?.kept?.done) return String(earlier.kept.result);
  const { workflowId } = await startChild<(input: Input) => Promise<unknown>>(definition.id, {
    ...withCall(child, earlier),
    parentClosePolicy: 'ABANDON',
    cancellationType: ChildWorkflowCancellationType.ABANDON,
  });
  return workflowId;
}

/** Notes which call of a run that goes on from another one it is: calls that were reused have no event to count. */
const withCall = <C extends Child>(child: C, earlier: CalledAgain | undefined): C =>
  earlier
    ? { ...child, memo: { ...child.memo, [MEMO]: { ...child.memo[MEMO], call: earlier.n } } }
    : child;

type Child<Input = unknown> = ChildWorkflowOptions & {
  readonly workflowId: string;
  readonly memo: { readonly [MEMO]: RunMemo };
  readonly args: [Input];
};

/** A child is a whole run: it gets what the service would have given it. */
function toChild<Input>(
  definition: TaskDefinition<Input, unknown>,
  input: Input,
  options: ChildRunOptions,
): Child<Input> {
  assertInCatalogue(definition);
  assertFits(`The input of ${definition.id}`, input);
  const { name = definition.title, tags } = checkOptions(options);
  const tenant = tenantOf(workflowInfo().workflowId);
  const { memo, searchAttributes } = toRunFields({
    name,
    actor: runMemo()?.actor ?? null,
    input,
    parent: workflowInfo().workflowId,
    tags,
    tenant,
  });
  return {
    workflowId: inTenant(tenant, `${definition.id}-${uuid4()}`),
    args: [input],
    memo,
    typedSearchAttributes: toSearchAttributePairs(searchAttributes),
    staticSummary: name,
  };
}

/** As for any trigger. A name too long for Temporal's index would make Temporal terminate the parent. */
function checkOptions(options: ChildRunOptions): Pick<CheckedTrigger, 'name' | 'tags'> {
  try {
    return checkTrigger(options, 0);
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
    throw ApplicationFailure.nonRetryable(error.message, error.code);
  }
}

/** A child whose type no worker knows would loop for ever, and its parent wait with it. */
function assertInCatalogue(definition: unknown): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK types it nowhere
  const catalogue = (globalThis as unknown as Sandbox).__TEMPORAL__.importWorkflows();
  if (isTaskDefinition(definition) && catalogue[definition.id] === definition) return;
  const name = isTaskDefinition(definition) ? `"${definition.id}"` : typeof definition;
  throw ApplicationFailure.nonRetryable(
    `Expected a task definition that the module of workflows exports, got ${name}.`,
    'TASK_DEFINITION_NOT_FOUND',
  );
}

/** Where the SDK's bundle keeps the module of workflows. */
interface Sandbox {
  readonly __TEMPORAL__: { importWorkflows(): Readonly<Record<string, unknown>> };
}

/** A child's failure as its parent sees it, under the child's own code. A cancellation stays one while this run is being stopped. */
function toChildFailure(error: unknown, id: string, runId: string): unknown {
  if (!(error instanceof ChildWorkflowFailure)) return error;
  if (isCancellation(error)) {
    if (state.ending) return error;
    return ApplicationFailure.create({
      message: `The child run ${runId} of ${id} was aborted.`,
      type: 'ABORTED',
      nonRetryable: true,
      cause: error,
    });
  }
  const reason = rootOf(error);
  return ApplicationFailure.create({
    message: `The child run ${runId} of ${id} failed: ${reason.message}`,
    type: codeOf(reason),
    nonRetryable: true,
    cause: error,
  });
}
