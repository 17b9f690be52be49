import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { temporal as proto } from '@temporalio/proto';
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
import { hasCode } from '../temporal/grpc.ts';
import { eventsBackwards, isEnd } from '../temporal/history.ts';
import type { LinkOfRun } from '../temporal/history.ts';
import { inTime } from '../temporal/in-time.ts';
import { isPassing } from '../temporal/to-task-error.ts';
import type { DescribeRun } from './describe-run.ts';

export interface Aborting {
  readonly temporal: Temporal;
  readonly actor: string | null;
  readonly describe: DescribeRun;
}

/**
 * Asks a run to stop: one call to see how it stands, one to ask, one to see whose request was recorded. Its
 * definition need not be known.
 */
export async function abortRun(
  { id, reason, grace }: AbortRequest,
  { temporal, actor, describe }: Aborting,
): Promise<AbortResult> {
  const { run, execution } = await describe(id);
  if (isClosed(run.status)) return { outcome: 'ALREADY_FINISHED', run };
  if (run.abortRequested) return { outcome: 'ALREADY_ABORTING', run };
  const ends = Date.now() + temporal.deadline;
  const asked: Asked = {
    identity: actor ?? temporal.client.options.identity,
    reason: toCause({
      by: actor,
      reason: reason ?? null,
      ...(grace !== undefined && { grace }),
    }),
  };
  const requestId = randomUUID();
  await repeatChange(
    temporal,
    (service) =>
      service.requestCancelWorkflowExecution({
        namespace: temporal.namespace,
        ...asked,
        requestId,
        workflowExecution: { workflowId: id },
        // Follows the chain to its newest link, and never reaches another run that took over the id.
        firstExecutionRunId: execution.first ?? '',
      }),
    { id, unknown: () => resultUnknown(id) },
  );
  // Temporal takes a second request, and one for a run that has closed, without a word: only its history tells.
  const recorded = await whatIsRecorded(temporal, id, ends - Date.now());
  if (recorded === 'FINISHED')
    return { outcome: 'ALREADY_FINISHED', run: (await describe(id)).run };
  const isOther =
    recorded && (recorded.identity !== asked.identity || recorded.cause !== asked.reason);
  return { outcome: isOther ? 'ALREADY_ABORTING' : 'ABORTING', run: asAborting(run) };
}

/** Ends a run at once, without clean-up: one call to see what it is, one to end it, one to see how it stands. */
export async function terminateRun(
  { id, reason }: TerminateRequest,
  { temporal, actor, describe }: Aborting,
): Promise<TerminateResult> {
  const before = await describe(id);
  if (isClosed(before.run.status)) return { outcome: 'ALREADY_FINISHED', run: before.run };
  const asked: Asked = {
    identity: actor ?? temporal.client.options.identity,
    reason: toCause({ by: actor, reason: reason ?? null }),
  };
  const ended = await repeatChange(
    temporal,
    async (service, again) => {
      try {
        await service.terminateWorkflowExecution({
          namespace: temporal.namespace,
          ...asked,
          workflowExecution: { workflowId: id },
          firstExecutionRunId: before.execution.first ?? '',
        });
        return true;
      } catch (error) {
        // It was there a moment ago, so it has closed since.
        if (!hasCode(error, GrpcCode.NotFound)) throw error;
        return again ? undefined : false;
      }
    },
    { id, unknown: () => resultUnknown(id) },
  );
  const { run, execution } = await describe(id);
  // An attempt that was not answered may be what ended it.
  const terminated = ended ?? (await wasEndedBy(temporal, { id, link: execution.link }, asked));
  return { outcome: terminated ? 'TERMINATED' : 'ALREADY_FINISHED', run };
}

type Recorded = proto.api.history.v1.IWorkflowExecutionCancelRequestedEventAttributes;

/** What history keeps of who asked, and why. */
interface Asked {
  readonly identity: string;
  readonly reason: string;
}

/**
 * The abort that a run has recorded, or that it ended without one. Null when Temporal does not tell in time: while a
 * worker is at a workflow task, what comes in is not in the history yet, some milliseconds unless that worker is lost.
 */
async function whatIsRecorded(
  temporal: Temporal,
  id: string,
  time: number,
): Promise<Recorded | 'FINISHED' | null> {
  try {
    return await inTime(Math.max(time, 1), async () => {
      for (const pause of PAUSES) {
        await sleep(pause);
        const recorded = await lookBack(temporal, id);
        if (recorded) return recorded;
      }
      return null;
    });
  } catch (error) {
    if (isPassing(error)) return null;
    throw error;
  }
}

async function lookBack(temporal: Temporal, id: string): Promise<Recorded | 'FINISHED' | null> {
  let finished = false;
  for await (const event of eventsBackwards(temporal, { id, link: '' }, NEWEST)) {
    const request = event.workflowExecutionCancelRequestedEventAttributes;
    if (request) return request;
    finished ||= isEnd(event);
  }
  return finished ? 'FINISHED' : null;
}
const NEWEST = { pageSize: 50, most: 4 };
const PAUSES = [0, 20, 40, 80, 160, 320];

async function wasEndedBy(temporal: Temporal, at: LinkOfRun, asked: Asked): Promise<boolean> {
  for await (const event of eventsBackwards(temporal, at, { pageSize: 1, most: 1 })) {
    const { reason, identity } = event.workflowExecutionTerminatedEventAttributes ?? {};
    return reason === asked.reason && identity === asked.identity;
  }
  return false;
}

/** What a run is from the moment that its abort is recorded. */
const asAborting = (run: TaskRunDetails): TaskRunDetails => ({
  ...run,
  status: TaskRunStatus.Aborting,
  abortRequested: true,
});

const resultUnknown = (id: string): TaskError =>
  new TaskError(
    TaskErrorCode.ResultUnknown,
    `Temporal did not answer, so the abort of run "${id}" may have been recorded or not: ask again.`,
    { runId: id },
  );
