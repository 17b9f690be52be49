import { randomUUID } from 'node:crypto';
import { toCause } from '../../contract/wire/abort-cause.ts';
import { TaskError, TaskErrorCode } from '../../contract/task-error.ts';
import { TaskRunStatus, isClosed } from '../../contract/task-run.ts';
import type { TaskRunDetails } from '../../contract/task-run.ts';
import type {
  AbortRequest,
  AbortResult,
  TerminateRequest,
  TerminateResult,
} from '../../contract/tasks.ts';
import { repeatChange } from '../temporal/repeat-change.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { GrpcCode } from '../../tools/grpc-code.ts';
import { grpcErrorOf, hasCode } from '../temporal/grpc.ts';
import { executionOf } from './to-task-run.ts';

export interface Aborting {
  readonly temporal: Temporal;
  readonly actor: string | null;
  readonly get: (id: string) => Promise<TaskRunDetails>;
}

/** Asks a run to stop: one call to see how it stands, one to ask. Its definition need not be known. */
export async function abortRun(
  { id, reason, grace }: AbortRequest,
  { temporal, actor, get }: Aborting,
): Promise<AbortResult> {
  const run = await get(id);
  if (isClosed(run.status)) return { outcome: 'ALREADY_FINISHED', run };
  // Temporal would take a second request and drop it: the first reason stands.
  if (run.abortRequested) return { outcome: 'ALREADY_ABORTING', run };
  const execution = executionOf(run);
  const requestId = randomUUID();
  // Temporal accepts this for a run that has closed since, and nothing it shows afterwards tells whose request it has:
  // to ask first and look then would take an earlier abort for this one.
  await repeatChange(
    temporal,
    (service) =>
      service.requestCancelWorkflowExecution({
        namespace: temporal.namespace,
        identity: actor ?? temporal.client.options.identity,
        requestId,
        workflowExecution: { workflowId: id },
        // Follows the chain to its newest link, and never reaches another run that took over the id.
        firstExecutionRunId: execution?.first ?? '',
        reason: toCause({
          by: actor,
          reason: reason ?? null,
          ...(grace !== undefined && { grace }),
        }),
      }),
    { id, unknown: () => resultUnknown(id) },
  );
  return { outcome: 'ABORTING', run: asAborting(run) };
}

/** Ends a run at once, without clean-up: one call to end it, one to see how it stands. */
export async function terminateRun(
  { id, reason }: TerminateRequest,
  { temporal, actor, get }: Aborting,
): Promise<TerminateResult> {
  const ended = await repeatChange(
    temporal,
    async (service, again) => {
      try {
        await service.terminateWorkflowExecution({
          namespace: temporal.namespace,
          identity: actor ?? temporal.client.options.identity,
          workflowExecution: { workflowId: id },
          reason: toCause({ by: actor, reason: reason ?? null }),
        });
        return true;
      } catch (error) {
        if (!isAlreadyClosed(error)) throw error;
        return again ? undefined : false;
      }
    },
    { id, unknown: () => resultUnknown(id) },
  );
  const run = await get(id);
  // An attempt that was not answered may be what ended it.
  const terminated = ended ?? run.status === TaskRunStatus.Aborted;
  return { outcome: terminated ? 'TERMINATED' : 'ALREADY_FINISHED', run };
}

/** What a run is from the moment that its abort is recorded. */
const asAborting = (run: TaskRunDetails): TaskRunDetails => ({
  ...run,
  status: TaskRunStatus.Aborting,
  abortRequested: true,
});

function isAlreadyClosed(error: unknown): boolean {
  const closed = 'workflow execution already completed';
  return hasCode(error, GrpcCode.NotFound) && grpcErrorOf(error)?.details === closed;
}

const resultUnknown = (id: string): TaskError =>
  new TaskError(
    TaskErrorCode.ResultUnknown,
    `Temporal did not answer, so the abort of run "${id}" may have been recorded or not: ask again.`,
    { runId: id },
  );
