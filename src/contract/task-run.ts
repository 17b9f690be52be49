import type { Progress } from './wire/run-log.ts';

export type { Progress };

/** Where a run stands. The same six words in TypeScript and GraphQL. */
export const TaskRunStatus = {
  /** Delayed, or no worker has taken it yet. */
  Pending: 'PENDING',
  /** A worker has begun it. */
  Running: 'RUNNING',
  /** An abort is recorded; the run has not stopped yet. */
  Aborting: 'ABORTING',
  Succeeded: 'SUCCEEDED',
  Failed: 'FAILED',
  Aborted: 'ABORTED',
} as const;
export type TaskRunStatus = (typeof TaskRunStatus)[keyof typeof TaskRunStatus];

const CLOSED = {
  PENDING: false,
  RUNNING: false,
  ABORTING: false,
  SUCCEEDED: true,
  FAILED: true,
  ABORTED: true,
} as const satisfies Readonly<Record<TaskRunStatus, boolean>>;
export const isClosed = (status: TaskRunStatus): boolean => CLOSED[status];

/** Of a run that is not over. */
export type OpenStatus = {
  [S in TaskRunStatus]: (typeof CLOSED)[S] extends false ? S : never;
}[TaskRunStatus];

/** One triggered execution of a definition, over all its iterations: what a list row knows. */
export interface TaskRun {
  readonly id: string;
  /** Definition id. */
  readonly definition: string;
  readonly name: string;
  readonly status: TaskRunStatus;
  readonly createdAt: Date;
  /** When a delayed run is due; null for a run that was not delayed. */
  readonly scheduledFor: Date | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** 1 for the first link of the chain. */
  readonly iteration: number;
  readonly tags: readonly string[];
  /** The actor's name; null for a run that was started around the service. */
  readonly triggeredBy: string | null;
  /** Id of the run that this one names as its parent. */
  readonly parent: string | null;
  /** Id of the run that this one repeats. */
  readonly rerunOf: string | null;
  /** Id of the run that this one goes on from. */
  readonly resumeOf: string | null;
  /** What it reuses of that run, in words; null for one that goes on from none. */
  readonly reuses: string | null;
  /** What the caller may not see of it, and is null; left out when that is nothing. */
  readonly hidden?: readonly HiddenField[] | undefined;
}

/** What rights can hide of a run. `MESSAGES` are the words of its errors and of its progress. */
export const HiddenField = {
  Input: 'INPUT',
  Output: 'OUTPUT',
  Log: 'LOG',
  Messages: 'MESSAGES',
  WebUi: 'WEB_UI',
} as const;
export type HiddenField = (typeof HiddenField)[keyof typeof HiddenField];

/** What one call to Temporal tells about one run: a row, and what it does now. */
export interface TaskRunDetails extends TaskRun {
  /** The sum of the running activities. Null when none was reported, and for closed runs (ask `outcome`). */
  readonly progress: Progress | null;
  /** Running and retrying activities, oldest first; empty for a closed run. */
  readonly steps: readonly Step[];
  /** An abort was recorded. True on a closed run too: on a SUCCEEDED one it came too late. */
  readonly abortRequested: boolean;
}

/** An activity that has not ended. */
export interface Step {
  /** Unique: the run's id, its iteration, and the activity in it. What follows the run's id begins the `source` of its log lines. */
  readonly id: string;
  /** The activity's name. */
  readonly name: string;
  readonly attempt: number;
  /** Null when attempts are not limited. */
  readonly maxAttempts: number | null;
  readonly state: 'SCHEDULED' | 'RUNNING' | 'BACKING_OFF' | 'ABORTING' | 'PAUSED';
  /** Since when it is in this state; null where Temporal does not tell. */
  readonly since: Date | null;
  readonly lastHeartbeat: Date | null;
  /** Why the attempt before this one failed. */
  readonly lastFailure: string | null;
  readonly nextAttemptAt: Date | null;
  readonly progress: Progress | null;
}

export interface TaskRunError {
  /** The failure's type, such as `INVALID_INPUT`, `TIMEOUT` or the thrown error's class. */
  readonly code: string;
  /** Null when the caller may not see it. */
  readonly message: string | null;
  /** The activity that failed and its last attempt; null when the workflow itself threw. */
  readonly step: string | null;
  readonly attempt: number | null;
}

/** How an abort took effect. */
export const AbortMode = {
  /** It stopped at a checkpoint. */
  Graceful: 'GRACEFUL',
  /** It did not stop within its grace, and was abandoned. */
  Forced: 'FORCED',
  /** Its body never ran. */
  BeforeStart: 'BEFORE_START',
  /** Ended by Temporal at once, without clean-up. */
  Terminated: 'TERMINATED',
  /** The run succeeded before the abort took effect. */
  TooLate: 'TOO_LATE',
} as const;
export type AbortMode = (typeof AbortMode)[keyof typeof AbortMode];

export interface Abort {
  /** The actor's name; null when it came around the service and named nobody. */
  readonly by: string | null;
  /** Null when none was given. */
  readonly reason: string | null;
  /** When the abort was recorded. */
  readonly at: Date;
  /** Null while the run has not stopped. */
  readonly mode: AbortMode | null;
  /** When an open run is abandoned if it has not stopped; null once it is closed or before a worker has seen the abort. */
  readonly graceEndsAt: Date | null;
  /** What came of the definition's clean-up; null when it has none, or has not ended it. */
  readonly cleanUp: CleanUp | null;
}

export interface CleanUp {
  readonly outcome: 'DONE' | 'FAILED' | 'TIMED_OUT';
  /** What it failed with; null unless it did. */
  readonly error: string | null;
}

/** How a run ended. For an open run only `abort` may be set. */
export interface Outcome {
  readonly output: unknown;
  readonly error: TaskRunError | null;
  readonly abort: Abort | null;
  /** The last known progress of a closed run. */
  readonly progress: Progress | null;
}

/** Why a run does not move, and what to do. */
export interface Diagnosis {
  readonly code: DiagnosisCode;
  /** One sentence; null when the caller may not see it, as it may have words of the run's code. */
  readonly message: string | null;
  readonly since: Date | null;
  /** What to do about it, one sentence. */
  readonly action: string;
}

export const DiagnosisCode = {
  NoWorker: 'NO_WORKER',
  NoCurrentVersion: 'NO_CURRENT_VERSION',
  WaitingForSlot: 'WAITING_FOR_SLOT',
  Delayed: 'DELAYED',
  Retrying: 'RETRYING',
  HeartbeatLate: 'HEARTBEAT_LATE',
  Aborting: 'ABORTING',
  WorkflowCodeFailing: 'WORKFLOW_CODE_FAILING',
  UnknownDefinition: 'UNKNOWN_DEFINITION',
  WaitingForTimer: 'WAITING_FOR_TIMER',
  WaitingForChild: 'WAITING_FOR_CHILD',
  Paused: 'PAUSED',
} as const;
export type DiagnosisCode = (typeof DiagnosisCode)[keyof typeof DiagnosisCode];

/** A process that runs tasks. */
export interface Worker {
  /** Of this start of the process: Temporal's worker instance key. Its identity where Temporal tells no key. */
  readonly id: string;
  /** What Temporal calls it in histories and in Web UI: `<pid>@<host>`, or the name that it was given. */
  readonly identity: string;
  readonly host: string;
  readonly pid: string;
  readonly taskQueue: string;
  readonly online: boolean;
  /** `STARTING` while others before it died within seconds, until it has outlived them. */
  readonly status: 'STARTING' | 'RUNNING' | 'SHUTTING_DOWN' | 'LOST';
  /** Null for one that does not report itself and is known by its polls alone. */
  readonly startedAt: Date | null;
  readonly lastSeen: Date | null;
  readonly sdkVersion: string;
  /** Of its worker deployment; null for one without versions. */
  readonly version: string | null;
  /** Null while it has not told. */
  readonly activitySlots: WorkerSlots | null;
  /** Null while it has not told. */
  readonly workflowTaskSlots: WorkerSlots | null;
}

/** How much a worker does at once. */
export interface WorkerSlots {
  readonly used: number;
  /** Null for a worker that decides from case to case. */
  readonly free: number | null;
}
