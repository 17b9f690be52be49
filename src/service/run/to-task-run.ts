import { decodeSearchAttributes } from '@temporalio/common/lib/converter/payload-search-attributes.js';
import type { temporal } from '@temporalio/proto';
import { MEMO } from '../../contract/wire/messages.ts';
import { RESUMES, isRunMemo } from '../../contract/wire/run-fields.ts';
import type { RunMemo, SearchAttribute } from '../../contract/wire/run-fields.ts';
import { isEnvelope, sumProgress } from '../../contract/wire/run-log.ts';
import type { TaskDescription } from '../../contract/task-definition.ts';
import { TaskRunStatus, isClosed } from '../../contract/task-run.ts';
import type { Progress, Step, TaskRun, TaskRunDetails } from '../../contract/task-run.ts';
import { decodeFirst } from '../temporal/decode-first.ts';
import { enums } from '../temporal/proto.ts';
import type { PendingActivity, RunDescription, RunInfo } from '../temporal/proto.ts';
import { toDate } from '../temporal/to-date.ts';

/** What a run is mapped with: the catalogue for titles, and the client's converter. */
export interface RunMapping {
  readonly definitions: ReadonlyMap<string, Pick<TaskDescription, 'title'>>;
  readonly decode: (
    payloads: readonly temporal.api.common.v1.IPayload[],
  ) => Promise<readonly unknown[]>;
}

/** What the service knows of a run and nobody else may see. */
export interface Execution {
  /** This link of the chain. */
  readonly link: string;
  /** The chain's first link; null for list rows, which do not have it. */
  readonly first: string | null;
  readonly taskQueue: string;
  readonly memo: RunMemo | null;
  /** When an aborted run is abandoned; null before a worker has seen the abort. */
  readonly graceEndsAt: Date | null;
  /** What a run that was ended from outside had reported; history does not have it. */
  readonly lastProgress: Progress | null;
}

/** Where a run carries its execution: a copy has it too, and no JSON. */
export const EXECUTION = Symbol('execution');
export interface Executed {
  readonly [EXECUTION]?: Execution;
}

/** Undefined for a run that was not made here. */
export function executionOf(run: TaskRun): Execution | undefined {
  const { [EXECUTION]: execution }: TaskRun & Executed = run;
  return execution;
}

/** A list row, or the row that a description holds, as a run. */
export async function toTaskRun(
  info: RunInfo,
  { definitions, decode }: RunMapping,
): Promise<TaskRun & Executed> {
  const memo = await memoOf(info, decode);
  const attributes = attributesOf(info);
  const definition = info.type?.name ?? '';
  const iteration = numberOf(attributes.TaskIteration) ?? memo?.iteration ?? 1;
  const started = toDate(info.startTime) ?? new Date(0);
  const due = toDate(info.executionTime);
  // A continued run's execution time is later than its start too: Temporal throttles quick chains.
  const scheduledFor = iteration === 1 && due && due > started ? due : null;
  const createdAt = memo?.createdAt === undefined ? started : new Date(memo.createdAt);
  const status = toStatus(info, {
    aborting: textOf(attributes.TaskAbort) !== null,
    waiting: scheduledFor !== null && scheduledFor.getTime() > Date.now(),
  });
  const finishedAt = toDate(info.closeTime);
  // A delayed run that was aborted before its time has an end and no start.
  const hasStarted =
    status !== TaskRunStatus.Pending && !(scheduledFor && finishedAt && finishedAt < scheduledFor);
  return {
    id: info.execution?.workflowId ?? '',
    definition,
    name: memo?.name ?? definitions.get(definition)?.title ?? definition,
    status,
    createdAt,
    scheduledFor,
    startedAt: hasStarted ? (scheduledFor ?? createdAt) : null,
    finishedAt,
    iteration,
    tags: textsOf(attributes.TaskTags),
    triggeredBy: memo?.actor ?? textOf(attributes.TaskActor),
    parent: textOf(attributes.TaskParent) ?? (info.parentExecution?.workflowId || null),
    ...originOf(textOf(attributes.TaskRerunOf)),
    reuses: memo?.reuses ?? null,
    [EXECUTION]: {
      link: info.execution?.runId ?? '',
      first: info.firstRunId || null,
      taskQueue: info.taskQueue ?? '',
      memo,
      graceEndsAt: validDate(textOf(attributes.TaskAbort)),
      lastProgress: null,
    },
  };
}

const originOf = (text: string | null): Pick<TaskRun, 'rerunOf' | 'resumeOf'> =>
  text?.startsWith(RESUMES)
    ? { rerunOf: null, resumeOf: text.slice(RESUMES.length) }
    : { rerunOf: text, resumeOf: null };

/** A description as a run and what it does now. */
export async function toTaskRunDetails(
  description: RunDescription,
  mapping: RunMapping & FailureMapping,
): Promise<TaskRunDetails> {
  const row = await toTaskRun(description.workflowExecutionInfo ?? {}, mapping);
  const steps = await Promise.all(
    activitiesOf(description).map((activity) => toStep(activity, row, mapping)),
  );
  const progress = sumProgress(steps.flatMap((step) => step.progress ?? []));
  const begun = row.startedAt !== null && !isUntouched(description);
  const abortRequested = description.workflowExtendedInfo?.cancelRequested ?? false;
  const status = toCurrentStatus(row.status, { begun, abortRequested });
  // Temporal keeps the activities of a run that was terminated or timed out, as they were.
  const open = !isClosed(status);
  const { [EXECUTION]: execution } = row;
  return {
    ...row,
    status,
    startedAt: begun ? row.startedAt : null,
    steps: open ? steps : [],
    progress: open ? progress : null,
    abortRequested,
    ...(execution && { [EXECUTION]: { ...execution, lastProgress: progress } }),
  };
}

/** Activities that have not ended, in the order of a run's steps. Temporal tells them in any order. */
export const activitiesOf = ({ pendingActivities }: RunDescription): readonly PendingActivity[] =>
  (pendingActivities ?? []).toSorted(
    (one, other) => Number(one.activityId) - Number(other.activityId),
  );

export interface FailureMapping {
  readonly decodeFailure: (failure: temporal.api.failure.v1.IFailure) => Promise<Error | undefined>;
}

type RowStatus = temporal.api.enums.v1.WorkflowExecutionStatus;
const { WorkflowExecutionStatus, PendingWorkflowTaskState, PendingActivityState } = enums;

const CLOSED_STATUS: Readonly<Partial<Record<RowStatus, TaskRunStatus>>> = {
  [WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED]: TaskRunStatus.Succeeded,
  [WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED]: TaskRunStatus.Failed,
  [WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT]: TaskRunStatus.Failed,
  [WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED]: TaskRunStatus.Aborted,
  [WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED]: TaskRunStatus.Aborted,
};

/** A link that continued as new is still open, as is a paused run. */
function toStatus(
  { status }: RunInfo,
  { aborting, waiting }: { readonly aborting: boolean; readonly waiting: boolean },
): TaskRunStatus {
  const closed = status ? CLOSED_STATUS[status] : undefined;
  if (closed) return closed;
  if (aborting) return TaskRunStatus.Aborting;
  return waiting ? TaskRunStatus.Pending : TaskRunStatus.Running;
}

function toCurrentStatus(
  listed: TaskRunStatus,
  { begun, abortRequested }: { readonly begun: boolean; readonly abortRequested: boolean },
): TaskRunStatus {
  if (isClosed(listed)) return listed;
  if (abortRequested) return TaskRunStatus.Aborting;
  if (listed === TaskRunStatus.Running && !begun) return TaskRunStatus.Pending;
  return listed;
}

/** Its first workflow task waits, and no worker has tried it. */
const isUntouched = ({ workflowExecutionInfo, pendingWorkflowTask }: RunDescription): boolean =>
  pendingWorkflowTask?.state === PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED &&
  (pendingWorkflowTask.attempt ?? 1) <= 1 &&
  // A worker stamps the run when it answers its first workflow task.
  !workflowExecutionInfo?.mostRecentWorkerVersionStamp;

async function toStep(
  activity: PendingActivity,
  { id, iteration }: TaskRun,
  { decode, decodeFailure }: RunMapping & FailureMapping,
): Promise<Step> {
  const state = toStepState(activity);
  const failure = activity.lastFailure ? await decodeFailure(activity.lastFailure) : undefined;
  return {
    id: `${id}/${iteration}/${activity.activityId ?? ''}`,
    name: activity.activityType?.name ?? '',
    attempt: activity.attempt ?? 1,
    maxAttempts: activity.maximumAttempts || null,
    state,
    since: SINCE[state](activity),
    lastHeartbeat: toDate(activity.lastHeartbeatTime),
    lastFailure: failure?.message ?? null,
    nextAttemptAt: state === 'BACKING_OFF' ? toDate(activity.nextAttemptScheduleTime) : null,
    progress: await progressOf(activity, decode),
  };
}

function toStepState({ state, attempt, nextAttemptScheduleTime }: PendingActivity): Step['state'] {
  const known = state ? STEP_STATE[state] : undefined;
  if (known) return known;
  const next = toDate(nextAttemptScheduleTime);
  return (attempt ?? 1) > 1 && next && next.getTime() > Date.now() ? 'BACKING_OFF' : 'SCHEDULED';
}

const STEP_STATE: Readonly<
  Partial<Record<temporal.api.enums.v1.PendingActivityState, Step['state']>>
> = {
  [PendingActivityState.PENDING_ACTIVITY_STATE_STARTED]: 'RUNNING',
  [PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED]: 'ABORTING',
  [PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED]: 'PAUSED',
  [PendingActivityState.PENDING_ACTIVITY_STATE_PAUSE_REQUESTED]: 'PAUSED',
};

const SINCE: Record<Step['state'], (activity: PendingActivity) => Date | null> = {
  SCHEDULED: ({ scheduledTime }) => toDate(scheduledTime),
  RUNNING: ({ lastStartedTime }) => toDate(lastStartedTime),
  BACKING_OFF: ({ lastAttemptCompleteTime }) => toDate(lastAttemptCompleteTime),
  ABORTING: () => null,
  PAUSED: ({ pauseInfo }) => toDate(pauseInfo?.pauseTime),
};

async function progressOf(
  { heartbeatDetails }: PendingActivity,
  decode: RunMapping['decode'],
): Promise<Progress | null> {
  if (!heartbeatDetails?.payloads) return null;
  const envelope = await decodeFirst(heartbeatDetails.payloads, decode);
  return isEnvelope(envelope) ? (envelope.progress ?? null) : null;
}

async function memoOf(info: RunInfo, decode: RunMapping['decode']): Promise<RunMemo | null> {
  const payload = info.memo?.fields?.[MEMO];
  const memo = payload && (await decodeFirst([payload], decode));
  return isRunMemo(memo) ? memo : null;
}

type Attributes = Partial<Record<SearchAttribute, readonly unknown[]>>;

const attributesOf = ({ searchAttributes }: RunInfo): Attributes =>
  decodeSearchAttributes(searchAttributes?.indexedFields);

const textsOf = (values: readonly unknown[] = []): readonly string[] =>
  values.filter((value) => typeof value === 'string');
const textOf = (values?: readonly unknown[]): string | null => textsOf(values)[0] || null;
const numberOf = ([value]: readonly unknown[] = []): number | undefined =>
  typeof value === 'number' ? value : undefined;

function validDate(text: string | null): Date | null {
  const date = new Date(text ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date;
}
