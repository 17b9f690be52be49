import { randomUUID } from 'node:crypto';
import { msToTs } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import type { Carried } from '../../contract/wire/messages.ts';
import type { toRunFields } from '../../contract/wire/run-fields.ts';
import { TaskError, TaskErrorCode } from '../../contract/task-error.ts';
import { repeatChange } from '../temporal/repeat-change.ts';
import { api, enums } from '../temporal/proto.ts';
import { encodeSearchAttributes } from '../temporal/search-attributes.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { GrpcCode } from '../../tools/grpc-code.ts';
import { detailOf, hasCode } from '../temporal/grpc.ts';
import { toUserMetadata } from './user-metadata.ts';

export interface NewRun {
  readonly id: string;
  readonly definition: string;
  readonly taskQueue: string;
  readonly input: unknown;
  /** What it takes over from an earlier run. */
  readonly carried: Carried | undefined;
  readonly name: string;
  readonly actor: string | null;
  readonly fields: ReturnType<typeof toRunFields>;
  /** Milliseconds. */
  readonly delay: number;
  readonly priority: number | undefined;
  readonly key: string | undefined;
  readonly tenant: string | null;
  /** Of the tenant beside others. */
  readonly weight: number | undefined;
  /** Markdown lines for Temporal Web UI. */
  readonly details: string;
}

/** `link` is the first one of the run that this request made; null when another request had made it. */
export interface Started {
  readonly link: string | null;
}

type StartRequest = temporal.api.workflowservice.v1.IStartWorkflowExecutionRequest;
const { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } = enums;

/** Starts a run, in one call to Temporal if that is answered. However often it is made, the request is one run. */
export async function startRun(temporal: Temporal, run: NewRun): Promise<Started> {
  const request = await toStartRequest(temporal, run);
  return repeatChange(
    temporal,
    async (service) => {
      try {
        const { runId, started } = await service.startWorkflowExecution(request);
        return { link: started ? runId : null };
      } catch (error) {
        if (!hasCode(error, GrpcCode.AlreadyExists)) throw error;
        return { link: ownLink(error, request.requestId) };
      }
    },
    { id: run.id, unknown: () => resultUnknown(run) },
  );
}

/** The closed run that an earlier attempt of ours had started, or null when it was someone else's. */
function ownLink(error: unknown, requestId: string | null | undefined): string | null {
  const detail = detailOf(error, 'WorkflowExecutionAlreadyStartedFailure');
  if (!detail) return null;
  const failure = api.errordetails.v1.WorkflowExecutionAlreadyStartedFailure.decode(detail);
  return failure.startRequestId === requestId ? failure.runId : null;
}

async function toStartRequest(temporal: Temporal, run: NewRun): Promise<StartRequest> {
  const { memo, searchAttributes } = run.fields;
  return {
    namespace: temporal.namespace,
    requestId: randomUUID(),
    identity: run.actor ?? temporal.client.options.identity,
    workflowId: run.id,
    workflowType: { name: run.definition },
    taskQueue: { name: run.taskQueue },
    input: {
      payloads: await temporal.encode(run.id, run.input, ...(run.carried ? [run.carried] : [])),
    },
    memo: { fields: await temporal.encodeMap(run.id, memo) },
    searchAttributes: { indexedFields: encodeSearchAttributes(searchAttributes) },
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
    workflowIdReusePolicy: WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
    userMetadata: await toUserMetadata(temporal, run),
    // A duration, so that it does not matter whether clocks agree.
    ...(run.delay > 0 && { workflowStartDelay: msToTs(run.delay * 1000) }),
    ...toPriority(run),
  };
}

/** Runs of one tenant are a queue of their own beside those of others: Temporal takes from each in turn. */
const toPriority = ({ priority, tenant, weight }: NewRun): Pick<StartRequest, 'priority'> =>
  priority === undefined && tenant === null
    ? {}
    : {
        priority: {
          ...(priority !== undefined && { priorityKey: priority }),
          ...(tenant !== null && { fairnessKey: tenant }),
          ...(weight !== undefined && { fairnessWeight: weight }),
        },
      };

const resultUnknown = ({ id, key }: NewRun): TaskError =>
  new TaskError(
    TaskErrorCode.ResultUnknown,
    key === undefined
      ? `Temporal did not answer, so run "${id}" may have been started or not: look for it by this id.`
      : `Temporal did not answer, so the run may have been started or not: trigger again with the key ${JSON.stringify(key)}.`,
    { runId: id, ...(key !== undefined && { key }) },
  );
