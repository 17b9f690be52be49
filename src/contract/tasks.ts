import type { Caller, Right } from './caller.ts';
import type { CallKind } from './wire/resumption.ts';
import type { LogLevel, LogLine } from './wire/run-log.ts';
import type { Timeline, TimelineRequest } from './timeline.ts';
import type { InputOf, TaskModule } from './task-definition.ts';
import type {
  Diagnosis,
  Outcome,
  TaskRun,
  TaskRunDetails,
  TaskRunStatus,
  Worker,
} from './task-run.ts';

/** A definition as the catalogue publishes it. */
export interface TaskDefinitionInfo {
  readonly id: string;
  readonly title: string;
  /** Null when it says nothing of itself. */
  readonly description: string | null;
  readonly private: boolean;
  /** JSON Schema of what a caller gives. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
  /** JSON Schema of the output; null when the definition declares none. */
  readonly outputSchema: Readonly<Record<string, unknown>> | null;
  readonly examples: readonly unknown[];
  /** Seconds. */
  readonly grace: number;
}

export interface TriggerOptions {
  /** Display name, at most 200 characters. Default: the definition's title. */
  readonly name?: string | undefined;
  /** Seconds from now, from 0 to less than 30,672,000 (355 days). */
  readonly delay?: number | undefined;
  /** When to run instead of `delay`; a time in the past means now. */
  readonly runAt?: Date | undefined;
  /** Makes the trigger safe to repeat: the same key gives the same run. At most 200 characters. */
  readonly key?: string | undefined;
  /** At most 20, each at most 100 characters; kept in lower case. */
  readonly tags?: readonly string[] | undefined;
  /** The run that this one belongs to. Recorded; nothing is inherited. */
  readonly parent?: { readonly id: string } | undefined;
  /** 1 (first) to 5 (last); 3 by default. */
  readonly priority?: number | undefined;
}

export interface TriggerRequest<
  T extends TaskModule = TaskModule,
  D extends keyof T & string = keyof T & string,
> extends TriggerOptions {
  readonly definition: D;
  readonly input: InputOf<T[D]>;
}

export interface RerunRequest extends TriggerOptions {
  readonly id: string;
  /** Default: the input of the run that is repeated. */
  readonly input?: unknown;
}

export interface ResumeRequest extends TriggerOptions {
  readonly id: string;
  /** Default: what the run's last iteration was given. */
  readonly input?: unknown;
  /** The id of a call in `checkpoint`: that one and all after it begin anew. Default: none does that need not. */
  readonly from?: string | undefined;
}

export interface TriggeredRun extends TaskRun {
  /** The key was used before: this is the run it made then. */
  readonly deduplicated: boolean;
}

export interface ResumedRun extends TriggeredRun {
  /** The calls of the earlier run, in their order, and what becomes of each. */
  readonly calls: readonly ResumedCall[];
}

/** What becomes of a call of a run in the run that goes on from it, if that comes to the same call again. */
export interface ResumedCall {
  /** `<activity>#<which of that name>`; of a child `child:<definition>#…`, of a run it triggered `triggered:<definition>#…`. */
  readonly id: string;
  readonly name: string;
  readonly kind: CallKind;
  /**
   * `RESULT`: it had ended, and its result is answered at once. `CHECKPOINT`: it goes on from its last one. `AGAIN`: it
   * begins anew. `LEFT_OUT`: the same, because what it left is too large to be handed over.
   */
  readonly how: Reuse;
}
export type Reuse = 'RESULT' | 'CHECKPOINT' | 'AGAIN' | 'LEFT_OUT';

/** Where a run that is over can be gone on from. */
export interface RunCheckpoint {
  /** In their order. */
  readonly calls: readonly CheckpointCall[];
}
export interface CheckpointCall extends ResumedCall {
  /** Of its last checkpoint, where it goes on from one; else null. */
  readonly state: unknown;
}

export interface AbortRequest {
  readonly id: string;
  /** Why; at most 1,000 characters, stored in clear text. */
  readonly reason?: string | undefined;
  /** Seconds that this run may take to stop, instead of the definition's: a whole number from 0 to 3,600. */
  readonly grace?: number | undefined;
}

export interface AbortResult {
  readonly outcome: 'ABORTING' | 'ALREADY_ABORTING' | 'ALREADY_FINISHED';
  readonly run: TaskRun;
}

export type TerminateRequest = Pick<AbortRequest, 'id' | 'reason'>;

export interface TerminateResult {
  readonly outcome: 'TERMINATED' | 'ALREADY_FINISHED';
  readonly run: TaskRun;
}

/**
 * Fields are AND-ed; a list is any-of unless its name says `all`. A list without values has nothing chosen, and leaves
 * nothing out.
 */
export interface TaskRunFilter {
  /**
   * What somebody types: words that the name's words begin with, in any order, or the start of an id. Case and accents
   * never count. Of a word the first 16 letters count. At most 200 characters and 20 words; without any it leaves
   * nothing out.
   */
  readonly search?: string | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly idsNot?: readonly string[] | undefined;
  readonly definition?: readonly string[] | undefined;
  readonly definitionNot?: readonly string[] | undefined;
  readonly status?: readonly TaskRunStatus[] | undefined;
  readonly statusNot?: readonly TaskRunStatus[] | undefined;
  /** Of all six times, `After` takes the moment itself and `Before` does not: ranges meet without gap or overlap. */
  readonly createdAfter?: Date | undefined;
  readonly createdBefore?: Date | undefined;
  readonly scheduledAfter?: Date | undefined;
  readonly scheduledBefore?: Date | undefined;
  readonly finishedAfter?: Date | undefined;
  readonly finishedBefore?: Date | undefined;
  readonly tagsAny?: readonly string[] | undefined;
  readonly tagsAll?: readonly string[] | undefined;
  readonly tagsNone?: readonly string[] | undefined;
  readonly parent?: readonly string[] | undefined;
  readonly parentNot?: readonly string[] | undefined;
  /** True: only runs without a parent. False: only runs with one. */
  readonly topLevel?: boolean | undefined;
  readonly actor?: readonly string[] | undefined;
  readonly actorNot?: readonly string[] | undefined;
  readonly name?: readonly string[] | undefined;
  readonly nameNot?: readonly string[] | undefined;
  /** In any case. */
  readonly namePrefix?: string | undefined;
  readonly rerunOf?: readonly string[] | undefined;
  readonly rerunOfNot?: readonly string[] | undefined;
  readonly resumeOf?: readonly string[] | undefined;
  readonly resumeOfNot?: readonly string[] | undefined;
  readonly iterationMin?: number | undefined;
  readonly iterationMax?: number | undefined;
  /** Whose runs: of a caller's tenant, and set by its rights alone. */
  readonly tenant?: string | undefined;
  /** 1 to 20 shares, of which a run must be in one: of what a caller may see, and set by its rights alone. */
  readonly anyOf?: readonly RunShare[] | undefined;
  /**
   * What Temporal cannot answer, asked of each row here. Pages stop after 1,000 rows scanned and go on from
   * their cursor; `signature` names the predicate in cursors and caches.
   */
  readonly where?:
    | { readonly signature: string; readonly test: (run: TaskRun) => boolean }
    | undefined;
}

/** What one grant lets a caller see. */
export type RunShare = Pick<TaskRunFilter, 'ids' | 'definition' | 'actor'>;

/** Newest and last finished first are exact at any size; the others sort up to 1,000 matches. */
export const TaskRunOrder = {
  NewestFirst: 'NEWEST_FIRST',
  OldestFirst: 'OLDEST_FIRST',
  LastFinishedFirst: 'LAST_FINISHED_FIRST',
  FirstFinishedFirst: 'FIRST_FINISHED_FIRST',
  Name: 'NAME',
  NameDescending: 'NAME_DESCENDING',
  Definition: 'DEFINITION',
  DefinitionDescending: 'DEFINITION_DESCENDING',
  Status: 'STATUS',
  StatusDescending: 'STATUS_DESCENDING',
  Started: 'STARTED',
  StartedDescending: 'STARTED_DESCENDING',
  Id: 'ID',
  IdDescending: 'ID_DESCENDING',
  Actor: 'ACTOR',
  ActorDescending: 'ACTOR_DESCENDING',
  Parent: 'PARENT',
  ParentDescending: 'PARENT_DESCENDING',
  Iteration: 'ITERATION',
  IterationDescending: 'ITERATION_DESCENDING',
} as const;
export type TaskRunOrder = (typeof TaskRunOrder)[keyof typeof TaskRunOrder];

export interface ListRequest {
  readonly filter?: TaskRunFilter | undefined;
  readonly orderBy?: TaskRunOrder | undefined;
  /** 1 to 100; 50 by default. */
  readonly first?: number | undefined;
  /** Cursor of the last row seen, or a page's `endCursor`. */
  readonly after?: string | undefined;
}

export interface TaskRunPage {
  readonly runs: readonly TaskRun[];
  /** Cursor of each run, in the same order. */
  readonly cursors: readonly string[];
  /** Where the next page starts. Set whenever `hasNextPage`, also on a page that found nothing within its scan. */
  readonly endCursor: string | null;
  readonly hasNextPage: boolean;
}

export type TaskRunCounts = Readonly<Record<TaskRunStatus, number>> & { readonly total: number };
/** Of a list without runs. */
export const NO_RUNS: TaskRunCounts = {
  PENDING: 0,
  RUNNING: 0,
  ABORTING: 0,
  SUCCEEDED: 0,
  FAILED: 0,
  ABORTED: 0,
  total: 0,
};

/** What a live list tells: everything that is in it at first, then what entered, changed or left. */
export type TaskRunListEvent =
  | { readonly type: 'ENTERED' | 'CHANGED'; readonly run: TaskRun }
  | { readonly type: 'LEFT'; readonly id: string };

export interface LogFilter {
  readonly levels?: readonly LogLevel[] | undefined;
  readonly steps?: readonly string[] | undefined;
  /** Case-insensitive, anywhere in the message. */
  readonly search?: string | undefined;
}

export interface LogsRequest {
  /** Opaque position: lines after it. */
  readonly after?: string | undefined;
  readonly filter?: LogFilter | undefined;
  /** 1 to 1,000 lines; 100 by default. */
  readonly first?: number | undefined;
  /** Instead of `first`: the last 1 to 1,000 lines, found by one reading of the log; 100 with `before`. */
  readonly last?: number | undefined;
  /** Instead of `after`, to read backwards: the last lines before this position, such as a page's `startCursor`. */
  readonly before?: string | undefined;
}

export interface LogPage {
  readonly lines: readonly LogLine[];
  /** Position after each line. */
  readonly cursors: readonly string[];
  /** Position after the last line looked at: a tail that starts here has neither gap nor repeat. */
  readonly cursor: string;
  /** Position before the first line. From page to page, `before` this one each earlier line comes once. */
  readonly startCursor: string;
  /** Something is before that position; of the `last` lines, one that fits the filter. */
  readonly hasEarlier: boolean;
  /** More can be read at once. */
  readonly hasMore: boolean;
  /** The run is closed and this page holds its last line. */
  readonly ended: boolean;
  /** Lines known to be dropped, in what this page covers. */
  readonly dropped: number;
  /** All lines after `after` or before `before` that fit the filter, for whoever asks for the `last` ones; else null. */
  readonly total: number | null;
  /** And those that the filter keeps away. */
  readonly hidden: number | null;
}

export type LogEvent =
  | { readonly type: 'LINE'; readonly line: LogLine; readonly cursor: string }
  | {
      readonly type: 'END';
      readonly status: TaskRunStatus;
      readonly cursor: string;
      /** Lines of the run that were dropped and counted. */
      readonly dropped: number;
    };

export interface TailRequest {
  readonly after?: string | undefined;
  readonly filter?: LogFilter | undefined;
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
}

/** A caller as it knows itself. */
export interface Me {
  /** Null for code that did not say in whose name it asks. */
  readonly name: string | null;
  readonly rights: readonly Right[];
}

/** What answers. */
export interface ServerInfo {
  /** Of Waymark. */
  readonly version: string;
  /** Of Temporal. */
  readonly namespace: string;
  /** By the clock of whoever answers. */
  readonly now: Date;
}

/** What happens to runs that are over. */
export interface Settings {
  /** Days that Temporal keeps closed runs. */
  readonly retentionDays: number;
}

/**
 * Everything one can ask of tasks. `TaskService` implements it over a Temporal client, `FakeTasks` in memory.
 * Every call ends within its deadline, with an answer or a `TaskError`; one that looks before it writes has it for
 * either, and a delete for each iteration. Iterators make a value when they are asked
 * for one; their `return()` ends them at once, also while they wait.
 */
export interface Tasks<T extends TaskModule = TaskModule> {
  /** The same service for one caller: what it triggers and aborts carries its name, and its rights hold for everything. */
  as(caller: Caller): Tasks<T>;
  /** The catalogue, private definitions included unless the caller is `publicOnly`, `testingRun` first and then by id. */
  definitions(): readonly TaskDefinitionInfo[];
  /** Starts a run, or answers the one that this key made before. Resolves when Temporal has recorded it. */
  trigger<D extends keyof T & string>(request: TriggerRequest<T, D>): Promise<TriggeredRun>;
  /** Triggers a new run with the input of an old one. */
  rerun(request: RerunRequest): Promise<TriggeredRun>;
  /**
   * Triggers a new run that goes on from where one that `FAILED` or was `ABORTED` was, with today's code: what its last
   * iteration had done is not done again. Of any other run it throws `NOTHING_TO_RESUME`.
   */
  resume(request: ResumeRequest): Promise<ResumedRun>;
  /** What `resume` would go on from; null for a run that it refuses. A call, and one for each 1,000 events. */
  checkpoint(run: TaskRun): Promise<RunCheckpoint | null>;
  /**
   * Asks a run to stop at its next checkpoint. Resolves when the request is recorded. Of several in the same moment one
   * is recorded, `ABORTING`; the others are `ALREADY_ABORTING`, and the run's `abort` says by whom and why.
   */
  abort(request: AbortRequest): Promise<AbortResult>;
  /**
   * Ends a run at once, without clean-up: for one whose worker is gone or whose code keeps failing. Resolves when it
   * has ended. An abort that was asked before gives way, with its reason.
   */
  terminate(request: TerminateRequest): Promise<TerminateResult>;
  get(id: string): Promise<TaskRunDetails>;
  /** Removes a run and its log; an open one is terminated. Resolves when Temporal has accepted it. */
  delete(id: string): Promise<void>;
  /** The input of a run; free when it is small, one call and then cached when it is not. */
  input(run: TaskRun): Promise<unknown>;
  /** Output, error and abort of a run: one call, cached once it is closed. */
  outcome(run: TaskRun): Promise<Outcome>;
  /** Why a run does not move, or null when it does or is closed. */
  diagnose(run: TaskRun): Promise<Diagnosis | null>;
  list(request?: ListRequest): Promise<TaskRunPage>;
  count(filter?: TaskRunFilter): Promise<number>;
  counts(filter?: TaskRunFilter): Promise<TaskRunCounts>;
  /** One page of a run's log, of an open or closed run. */
  logs(id: string, request?: LogsRequest): Promise<LogPage>;
  /**
   * What took time in a run, open or closed: waits, attempts, timers, children, iterations, pauses, an abort. The newest
   * `last` entries, of its 20 last iterations. No worker is needed.
   */
  timeline(id: string, request?: TimelineRequest): Promise<Timeline>;
  /** The run's log from a position: backlog, then lines as they appear, then `END`. */
  tail(id: string, request?: TailRequest): AsyncIterableIterator<LogEvent>;
  /** The run now, then each time it changes, until it is closed. */
  watch(
    id: string,
    request?: { readonly signal?: AbortSignal | undefined },
  ): AsyncIterableIterator<TaskRunDetails>;
  /** The newest 100 matches as they change, until the reader stops. */
  watchList(
    filter?: TaskRunFilter,
    request?: { readonly signal?: AbortSignal | undefined },
  ): AsyncIterableIterator<TaskRunListEvent>;
  workers(): Promise<readonly Worker[]>;
  /** Who asks, and what it may do. */
  me(): Promise<Me>;
  server(): Promise<ServerInfo>;
  settings(): Promise<Settings>;
  updateSettings(settings: Settings): Promise<Settings>;
}
