import {
  ActivityFailure,
  CancellationScope,
  TimeoutFailure,
  defaultPayloadConverter,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  ActivityInput,
  Next,
  WorkflowInterceptors,
  WorkflowInternalsInterceptor,
  WorkflowOutboundCallsInterceptor,
} from '@temporalio/workflow';
import { fromCancel } from '../contract/wire/abort-cause.ts';
import { LOG_HEADER, isLoggedResult } from '../contract/wire/messages.ts';
import type { LogHeader } from '../contract/wire/messages.ts';
import type { CalledAgain } from '../contract/wire/resumption.ts';
import { markOf } from '../contract/wire/log-source.ts';
import { LOG_LIMITS } from '../contract/wire/run-log.ts';
import { takeIn } from './begin-run.ts';
import { assertFits } from './input-and-output.ts';
import { resetMark, showReset } from './reset-mark.ts';
import { causeForChildren, state, toAbortDetails } from './run-state.ts';
import { inWords, showDetails } from './show-details.ts';

/** Temporal's entry: what every run of a Waymark worker goes through. */
export const interceptors = (): WorkflowInterceptors => ({
  outbound: [deafness, activities],
  internals: [aborts],
});

/** Brings the abort's reason in and its details out: the SDK has no API for either. */
const aborts: WorkflowInternalsInterceptor = {
  activate(input, next) {
    const jobs = input.activation.jobs ?? [];
    // A question may change nothing.
    if (jobs.some(({ queryWorkflow }) => !queryWorkflow)) showReset();
    for (const { cancelWorkflow } of jobs)
      if (cancelWorkflow) {
        const { parent = null } = workflowInfo();
        const cause = cancelWorkflow.reason ?? null;
        state.abort(fromCancel({ cause, externalWorkflowExecution: parent }));
      }
    return next(input);
  },
  concludeActivation(input, next) {
    const output = next(input);
    const { ending } = state;
    for (const { cancelWorkflowExecution, cancelChildWorkflowExecution } of output.commands) {
      if (cancelWorkflowExecution && ending?.kind === 'ABORT')
        cancelWorkflowExecution.details = {
          payloads: [defaultPayloadConverter.toPayload(toAbortDetails(ending))],
        };
      if (cancelChildWorkflowExecution)
        cancelChildWorkflowExecution.reason = causeForChildren(workflowInfo().workflowId);
    }
    return output;
  },
};

/**
 * Work that catches its abort and goes on asking in a loop is refused each time at once, and would never leave the
 * event loop again: Node ends the whole worker for that. After so many refusals it waits, until its grace is over.
 */
const deafness: WorkflowOutboundCallsInterceptor = {
  startTimer: (input, next) => (isDeaf() ? forever() : next(input)),
  scheduleActivity: (input, next) => (isDeaf() ? forever() : next(input)),
  startChildWorkflowExecution: (input, next) => (isDeaf() ? forever() : next(input)),
};
const MOST_REFUSALS = 1000;
const isDeaf = (): boolean =>
  CancellationScope.current().consideredCancelled && ++state.refusals > MOST_REFUSALS;
const forever = (): Promise<never> => new Promise(() => undefined);

/** Asks each activity for its log and takes it in, whatever the activity's outcome. */
const activities: WorkflowOutboundCallsInterceptor = {
  async scheduleActivity(input, next) {
    for (const argument of input.args)
      assertFits(`An argument of the activity ${input.activityType}`, argument);
    const earlier = state.earlier?.next('ACTIVITY', input.activityType, input.args);
    if (earlier?.kept?.done) return earlier.kept.result;
    const budget = logBudget();
    state.activities.begin(input.activityType, budget);
    showDetails();
    try {
      const answer = await next(withLogHeader(input, budget, earlier));
      if (!isLoggedResult(answer)) return answer;
      takeIn(answer.log);
      return answer.result;
    } catch (error) {
      // An attempt that timed out could not send its last lines itself.
      if (error instanceof ActivityFailure && error.cause instanceof TimeoutFailure)
        takeIn(error.cause.lastHeartbeatDetails);
      throw error;
    } finally {
      state.activities.end(input.activityType, budget);
      showDetails();
    }
  },
};

/** A share that keeps any number of parallel activities within the run's limit. */
function logBudget(): number {
  const { reserved, count } = state.activities;
  const free = Math.max(0, LOG_LIMITS.run - state.log.settled - reserved);
  return Math.floor(Math.min(LOG_LIMITS.activity, count === 0 ? free : free / 4));
}

function withLogHeader(
  input: ActivityInput,
  budget: number,
  earlier: CalledAgain | undefined,
): Parameters<Next<WorkflowOutboundCallsInterceptor, 'scheduleActivity'>>[0] {
  const mark = resetMark();
  const resumed = earlier?.kept?.state;
  const header: LogHeader = {
    v: 1,
    iteration: state.iteration,
    budget,
    parallel: state.activities.count,
    run: markOf(workflowInfo().runId),
    ...(mark !== undefined && { mark }),
    ...(state.timeout && { timeout: state.timeout }),
    ...(earlier && { call: earlier.n }),
    ...(resumed !== undefined && { resumed: true }),
  };
  const payload = defaultPayloadConverter.toPayload(header);
  return {
    ...input,
    // As an argument, because headers are not encrypted.
    ...(resumed !== undefined && { args: [...input.args, resumed] }),
    headers: { ...input.headers, [LOG_HEADER]: payload },
    options: { summary: inWords(input.activityType), ...inTurn(), ...input.options },
  };
}

/** An activity that goes straight to the worker of its workflow passes by the queue, where its tenant is held to a rate. */
const inTurn = (): { readonly allowEagerDispatch?: false } =>
  // Without one it is empty.
  workflowInfo().priority?.fairnessKey ? { allowEagerDispatch: false } : {};
