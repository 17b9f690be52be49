import { checkAbort, checkReason } from '../contract/rules/check-abort.ts';
import { checkActor } from '../contract/rules/check-trigger.ts';
import { beginAnew, toReuses, whyNotResumed } from '../contract/rules/check-resume.ts';
import { describeDefinitions } from '../contract/rules/describe-definition.ts';
import { publicDefinitions } from '../contract/rules/public-definitions.ts';
import type { TaskModule } from '../contract/task-definition.ts';
import { RIGHTS } from '../contract/caller.ts';
import { isClosed } from '../contract/task-run.ts';
import type { Timeline, TimelineRequest } from '../contract/timeline.ts';
import { RunLog } from '../contract/wire/run-log.ts';
import { isSameJson } from '../tools/canonical-json.ts';
import type { ResumePoints } from './resume/resume-points.ts';
import { VERSION } from '../contract/version.ts';
import type { Diagnosis, Outcome, TaskRun, TaskRunDetails, Worker } from '../contract/task-run.ts';
import type {
  AbortRequest,
  AbortResult,
  ListRequest,
  LogEvent,
  LogPage,
  LogsRequest,
  Me,
  RerunRequest,
  ResumeRequest,
  ResumedRun,
  RunCheckpoint,
  ServerInfo,
  Settings,
  TailRequest,
  TaskDefinitionInfo,
  TaskRunCounts,
  TaskRunFilter,
  TaskRunListEvent,
  TaskRunPage,
  Tasks,
  TerminateRequest,
  TerminateResult,
  TriggerRequest,
  TriggeredRun,
} from '../contract/tasks.ts';
import type { Caller } from '../contract/caller.ts';
import { guarded } from '../rights/guarded.ts';
import { abortRun, terminateRun } from './run/abort-run.ts';
import { deleteRun } from './run/delete-run.ts';
import { diagnose } from './diagnosis/diagnose.ts';
import { gatherEvidence } from './diagnosis/gather-evidence.ts';
import type { TaskQueues } from './diagnosis/task-queues.ts';
import type { DeletedRuns, DescribeRun } from './run/describe-run.ts';
import { askingFor } from '../metering/asking-for.ts';
import { inTime } from './temporal/in-time.ts';
import type { RunLists } from './list/run-lists.ts';
import type { InputsAndOutcomes } from './run/inputs-and-outcomes.ts';
import { readSettings, writeSettings } from './temporal/settings.ts';
import type { Temporal } from './temporal/temporal.ts';
import { triggerRun } from './run/trigger-run.ts';
import type { TriggerAsked } from './run/trigger-run.ts';
import type { Workers } from './temporal/workers.ts';

/** What all callers share. */
export interface Parts<T extends TaskModule> {
  readonly temporal: Temporal;
  readonly tasks: T;
  readonly taskQueue: string;
  readonly describe: DescribeRun;
  readonly lists: RunLists;
  readonly live: Pick<Tasks<T>, 'logs' | 'tail' | 'timeline' | 'watch'>;
  readonly resumePoints: ResumePoints;
  readonly ends: InputsAndOutcomes;
  readonly workers: Workers;
  readonly queues: TaskQueues;
  readonly deleted: DeletedRuns;
  readonly linkTo: ((id: string) => string) | undefined;
}

/** `Tasks` over Temporal, for one caller. */
export class CallerTasks<T extends TaskModule> implements Tasks<T> {
  readonly #parts: Parts<T>;
  readonly #caller: Caller | null;

  constructor(parts: Parts<T>, caller: Caller | null = null) {
    this.#parts = parts;
    this.#caller = caller;
  }

  as(caller: Caller): Tasks<T> {
    checkActor(caller);
    return guarded(new CallerTasks(this.#parts, caller), caller, Object.keys(this.#parts.tasks));
  }

  definitions(): readonly TaskDefinitionInfo[] {
    return describeDefinitions(this.#tasks);
  }

  /** What this caller may trigger. */
  get #tasks(): TaskModule {
    return this.#caller?.publicOnly ? publicDefinitions(this.#parts.tasks) : this.#parts.tasks;
  }

  trigger<D extends keyof T & string>(request: TriggerRequest<T, D>): Promise<TriggeredRun> {
    return this.#start(request);
  }

  async rerun({ id, input, ...options }: RerunRequest): Promise<TriggeredRun> {
    const run = await this.get(id);
    return this.#start({
      ...options,
      name: options.name ?? run.name,
      tags: options.tags ?? run.tags,
      definition: run.definition,
      input: input === undefined ? await this.input(run) : input,
      rerunOf: id,
    });
  }

  async resume({ id, input, from, ...options }: ResumeRequest): Promise<ResumedRun> {
    const point = await this.#parts.resumePoints.read(id);
    const { run } = point;
    const calls = beginAnew(
      point.calls.map(({ shown: { state: _state, ...call } }) => call),
      from,
    );
    const edited = input !== undefined && !isSameJson(input, point.input);
    const triggered = await this.#start({
      ...options,
      name: options.name ?? run.name,
      tags: options.tags ?? run.tags,
      definition: run.definition,
      input: input === undefined ? point.input : input,
      resume: {
        of: id,
        from,
        reuses: toReuses(calls),
        carried: {
          v: 1,
          iteration: 1,
          log: new RunLog().carry(),
          resume: {
            edited,
            calls: point.calls.flatMap(({ kept }, at) =>
              kept && calls[at]?.how !== 'AGAIN' ? kept : [],
            ),
          },
        },
      },
    });
    return { ...triggered, calls };
  }

  async checkpoint(run: TaskRun): Promise<RunCheckpoint | null> {
    if (whyNotResumed(run) !== null) return null;
    const { calls } = await this.#parts.resumePoints.read(run.id);
    return { calls: calls.map(({ shown }) => shown) };
  }

  async #start(asked: TriggerAsked): Promise<TriggeredRun> {
    const start = (): Promise<TriggeredRun> =>
      triggerRun(asked, { ...this.#parts, ...this.#asking, tasks: this.#tasks });
    const { tenant, share } = this.#caller ?? {};
    const limit = share?.open;
    const run =
      tenant == null || limit === undefined
        ? await start()
        : await this.#listing(() => this.#parts.lists.startWithin({ tenant, limit }, start));
    if (!run.deduplicated) this.#parts.lists.noteStarted(run);
    return run;
  }

  async abort(request: AbortRequest): Promise<AbortResult> {
    checkAbort(request);
    const result = await abortRun(request, { ...this.#parts, ...this.#asking });
    if (result.outcome !== 'ALREADY_FINISHED') this.#parts.lists.noteAborting(result.run);
    return result;
  }

  async terminate(request: TerminateRequest): Promise<TerminateResult> {
    checkReason(request.reason);
    const result = await terminateRun(request, { ...this.#parts, ...this.#asking });
    if (result.outcome === 'TERMINATED') this.#parts.lists.noteAborting(result.run);
    return result;
  }

  get #asking() {
    return {
      actor: this.#caller?.name ?? null,
      caller: this.#caller,
      get: (id: string) => this.get(id),
    };
  }

  async get(id: string): Promise<TaskRunDetails> {
    const { run } = await this.#parts.describe(id);
    return run;
  }

  async delete(id: string): Promise<void> {
    const { run, execution, description } = await this.#parts.describe(id);
    const { link, first, memo } = execution;
    const { lastResetTime } = description.workflowExtendedInfo ?? {};
    await deleteRun(this.#parts.temporal, {
      id,
      link,
      first,
      open: !isClosed(run.status),
      reset: Boolean(lastResetTime ?? memo?.mark),
    });
    this.#parts.deleted.set(first ?? link, true);
    this.#parts.lists.noteDeleted(id);
  }

  input(run: TaskRun): Promise<unknown> {
    return this.#parts.ends.input(run);
  }

  outcome(run: TaskRun): Promise<Outcome> {
    return this.#parts.ends.outcome(run);
  }

  async diagnose({ id, status }: TaskRun): Promise<Diagnosis | null> {
    if (isClosed(status)) return null;
    return inTime(this.#parts.temporal.deadline, () => this.#diagnosis(id));
  }

  async #diagnosis(id: string): Promise<Diagnosis | null> {
    const described = await this.#parts.describe(id);
    if (isClosed(described.run.status)) return null;
    return diagnose(await gatherEvidence(described, this.#parts));
  }

  list(request?: ListRequest): Promise<TaskRunPage> {
    return this.#listing(() => this.#parts.lists.list(request));
  }

  count(filter?: TaskRunFilter): Promise<number> {
    return this.#listing(() => this.#parts.lists.count(filter));
  }

  counts(filter?: TaskRunFilter): Promise<TaskRunCounts> {
    return this.#listing(() => this.#parts.lists.counts(filter));
  }

  /** Each tenant, and each caller within it, has its share of the calls to the index. */
  #listing<R>(work: () => R): R {
    return askingFor(this.#caller?.tenant, this.#caller?.name ?? '', work);
  }

  logs(id: string, request?: LogsRequest): Promise<LogPage> {
    return this.#parts.live.logs(id, request);
  }

  timeline(id: string, request?: TimelineRequest): Promise<Timeline> {
    return this.#parts.live.timeline(id, request);
  }

  tail(id: string, request?: TailRequest): AsyncIterableIterator<LogEvent> {
    return this.#parts.live.tail(id, request);
  }

  watch(
    id: string,
    request?: { readonly signal?: AbortSignal | undefined },
  ): AsyncIterableIterator<TaskRunDetails> {
    return this.#parts.live.watch(id, request);
  }

  watchList(
    filter?: TaskRunFilter,
    request?: { readonly signal?: AbortSignal | undefined },
  ): AsyncIterableIterator<TaskRunListEvent> {
    return this.#parts.lists.watchList(filter, request);
  }

  workers(): Promise<readonly Worker[]> {
    return this.#parts.workers.of(this.#parts.taskQueue);
  }

  async me(): Promise<Me> {
    return { name: this.#caller?.name ?? null, rights: RIGHTS };
  }

  async server(): Promise<ServerInfo> {
    return { version: VERSION, namespace: this.#parts.temporal.namespace, now: new Date() };
  }

  settings(): Promise<Settings> {
    return readSettings(this.#parts.temporal);
  }

  updateSettings(settings: Settings): Promise<Settings> {
    return writeSettings(this.#parts.temporal, settings);
  }
}
