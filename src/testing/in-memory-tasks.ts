import { checkAbort, checkReason } from '../contract/rules/check-abort.ts';
import { checkInput } from '../contract/input/check-input.ts';
import { checkFirst } from '../contract/rules/check-first.ts';
import { checkSettings } from '../contract/rules/check-settings.ts';
import { checkActor, checkTrigger } from '../contract/rules/check-trigger.ts';
import {
  beginAnew,
  checkResumable,
  toReuses,
  whyNotResumed,
} from '../contract/rules/check-resume.ts';
import { describeDefinitions } from '../contract/rules/describe-definition.ts';
import { findDefinition } from '../contract/rules/find-definition.ts';
import { publicDefinitions } from '../contract/rules/public-definitions.ts';
import { isSameRequest, toKeyedRequest } from '../contract/input/keyed-request.ts';
import { RIGHTS } from '../contract/caller.ts';
import { checkFilter } from '../contract/rules/run-filter.ts';
import { TaskError, noRoomToRun } from '../contract/task-error.ts';
import { VERSION } from '../contract/version.ts';
import type { TaskModule } from '../contract/task-definition.ts';
import { TIMELINE_LAST } from '../contract/timeline.ts';
import type { Timeline, TimelineRequest } from '../contract/timeline.ts';
import { TaskRunStatus, isClosed } from '../contract/task-run.ts';
import type {
  Abort,
  Diagnosis,
  Outcome,
  TaskRun,
  TaskRunDetails,
  Worker,
} from '../contract/task-run.ts';
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
  TriggeredRun,
  TriggerOptions,
  TriggerRequest,
} from '../contract/tasks.ts';
import type { Caller } from '../contract/caller.ts';
import { inTenant, tenantOf } from '../contract/wire/tenant.ts';
import { guarded } from '../rights/guarded.ts';
import { endingAtOnce } from './ending-at-once.ts';
import { countable, listPage, logPage } from './fake-pages.ts';
import { FakeRun } from './fake-run.ts';
import { fakeTimeline } from './fake-timeline.ts';
import type { FakeStore } from './fake-store.ts';

/** `Tasks` over a store in memory, for one caller. */
export class InMemoryTasks<T extends TaskModule> implements Tasks<T> {
  protected readonly store: FakeStore;
  readonly #tasks: T;
  readonly #caller: Caller | null;

  constructor(store: FakeStore, tasks: T, caller: Caller | null = null) {
    if (caller) checkActor(caller);
    this.store = store;
    this.#tasks = tasks;
    this.#caller = caller;
  }

  as(caller: Caller): Tasks<T> {
    return guarded(
      new InMemoryTasks(this.store, this.#tasks, caller),
      caller,
      Object.keys(this.#tasks),
    );
  }

  definitions(): readonly TaskDefinitionInfo[] {
    this.store.count('definitions');
    return describeDefinitions(this.#visible);
  }

  /** What this caller may trigger. */
  get #visible(): TaskModule {
    return this.#caller?.publicOnly ? publicDefinitions(this.#tasks) : this.#tasks;
  }

  async trigger<D extends keyof T & string>(request: TriggerRequest<T, D>): Promise<TriggeredRun> {
    this.store.called('trigger');
    return this.#start(request.definition, request.input, request);
  }

  async rerun({ id, input, ...options }: RerunRequest): Promise<TriggeredRun> {
    this.store.called('rerun');
    const { facts } = this.store.find(id);
    const again = { name: facts.name, tags: facts.tags, ...defined(options) };
    return this.#start(facts.definition, input === undefined ? facts.input : input, again, {
      rerunOf: id,
    });
  }

  async resume({ id, input, from, ...options }: ResumeRequest): Promise<ResumedRun> {
    this.store.called('resume');
    const earlier = this.store.find(id);
    checkResumable(earlier.row);
    const { facts } = earlier;
    const kept = earlier.calls.all.map(({ state: _state, ...call }) => call);
    const calls = beginAnew(kept, from);
    const again = { name: facts.name, tags: facts.tags, ...defined(options) };
    const run = await this.#start(
      facts.definition,
      input === undefined ? facts.input : input,
      again,
      { resumeOf: id, from, reuses: toReuses(calls) },
    );
    return { ...run, calls };
  }

  async checkpoint(run: TaskRun): Promise<RunCheckpoint | null> {
    this.store.called('checkpoint');
    const { row, calls } = this.store.find(run.id);
    return whyNotResumed(row) === null ? { calls: calls.all } : null;
  }

  async #start(
    definition: string,
    input: unknown,
    options: TriggerOptions,
    { rerunOf = null, resumeOf = null, reuses = null, from }: Origin = {},
  ): Promise<TriggeredRun> {
    const found = findDefinition(this.#visible, definition);
    const { title, grace } = found;
    const {
      name = title,
      key,
      tags,
      delay,
      parent = null,
    } = checkTrigger(options, this.store.now());
    const read = await checkInput(found, input);
    const what =
      resumeOf === null ? definition : `${definition} resumes ${resumeOf} from ${from ?? ''}`;
    const asked = toKeyedRequest(what, { given: input, read });
    const tenant = resumeOf === null ? (this.#caller?.tenant ?? null) : tenantOf(resumeOf);
    const held = key && inTenant(tenant, key);
    const earlier = held === undefined ? undefined : this.store.keyed(held);
    if (earlier && !isSameRequest(earlier.asked, asked))
      throw new TaskError(
        'KEY_CONFLICT',
        `The key ${JSON.stringify(key)} was used before, with another definition or input, by run ${earlier.run.facts.id}.`,
        { ...(key !== undefined && { key }), runId: earlier.run.facts.id },
      );
    if (earlier) return { ...earlier.run.row, deduplicated: true };
    this.#checkRoom();
    const createdAt = this.store.tick();
    const run = new FakeRun({
      id: inTenant(tenant, this.store.nextId(definition)),
      definition,
      name,
      createdAt,
      scheduledFor: delay > 0 ? new Date(createdAt.getTime() + delay * 1000) : null,
      tags,
      triggeredBy: this.#caller?.name ?? null,
      parent,
      rerunOf,
      resumeOf,
      reuses,
      // As it comes back from Temporal: undefined fields gone, dates as text.
      input: JSON.parse(JSON.stringify(input ?? null)),
      grace,
    });
    this.store.add(run, held, asked);
    return { ...run.row, deduplicated: false };
  }

  #checkRoom(): void {
    const { tenant, share } = this.#caller ?? {};
    const open = this.store
      .rows()
      .filter(({ id, status }) => tenantOf(id) === tenant && !isClosed(status)).length;
    if (tenant != null && share?.open !== undefined && open >= share.open)
      throw noRoomToRun(open, share.open);
  }

  async abort(request: AbortRequest): Promise<AbortResult> {
    this.store.called('abort');
    checkAbort(request);
    const run = this.store.find(request.id);
    if (run.closed) return { outcome: 'ALREADY_FINISHED', run: run.row };
    if (run.abort) return { outcome: 'ALREADY_ABORTING', run: run.row };
    const at = this.store.tick();
    const { reason, grace = run.facts.grace } = request;
    const graceEndsAt = run.startedAt ? new Date(at.getTime() + grace * 1000) : null;
    run.ask({ ...this.#cause(reason), graceEndsAt }, at);
    this.store.changed(run);
    return { outcome: 'ABORTING', run: run.row };
  }

  async terminate({ id, reason }: TerminateRequest): Promise<TerminateResult> {
    this.store.called('terminate');
    checkReason(reason);
    const run = this.store.find(id);
    if (run.closed) return { outcome: 'ALREADY_FINISHED', run: run.row };
    run.terminate(this.#cause(reason), this.store.tick());
    this.store.changed(run);
    return { outcome: 'TERMINATED', run: run.row };
  }

  #cause(reason: string | undefined): Pick<Abort, 'by' | 'reason'> {
    return { by: this.#caller?.name ?? null, reason: reason || null };
  }

  async get(id: string): Promise<TaskRunDetails> {
    this.store.called('get');
    return this.store.find(id).details;
  }

  async delete(id: string): Promise<void> {
    this.store.called('delete');
    this.store.remove(id);
  }

  async input(run: TaskRun): Promise<unknown> {
    this.store.called('input');
    return this.store.find(run.id).facts.input;
  }

  async outcome(run: TaskRun): Promise<Outcome> {
    this.store.called('outcome');
    return this.store.find(run.id).outcome;
  }

  async diagnose(run: TaskRun): Promise<Diagnosis | null> {
    this.store.called('diagnose');
    return this.store.diagnose(this.store.find(run.id));
  }

  async list(request: ListRequest = {}): Promise<TaskRunPage> {
    this.store.called('list');
    checkFilter(request.filter ?? {});
    return listPage(this.store.rows(), request, this.store.listCursors);
  }

  async count(filter: TaskRunFilter = {}): Promise<number> {
    this.store.called('count');
    checkFilter(filter);
    return countable(this.store.rows(), filter).length;
  }

  async counts(filter: TaskRunFilter = {}): Promise<TaskRunCounts> {
    this.store.called('counts');
    checkFilter(filter);
    const rows = countable(this.store.rows(), filter);
    const of = (status: TaskRunStatus): number =>
      rows.filter((row) => row.status === status).length;
    return {
      PENDING: of('PENDING'),
      RUNNING: of('RUNNING'),
      ABORTING: of('ABORTING'),
      SUCCEEDED: of('SUCCEEDED'),
      FAILED: of('FAILED'),
      ABORTED: of('ABORTED'),
      total: rows.length,
    };
  }

  async logs(id: string, request: LogsRequest = {}): Promise<LogPage> {
    this.store.called('logs');
    return logPage(this.store.find(id), request, this.store.logCursors);
  }

  async timeline(
    id: string,
    { last = TIMELINE_LAST.usual }: TimelineRequest = {},
  ): Promise<Timeline> {
    this.store.called('timeline');
    checkFirst(last, TIMELINE_LAST.most, 'last');
    return fakeTimeline(this.store.find(id), last, new Date(this.store.now()));
  }

  tail(id: string, { after, filter, signal }: TailRequest = {}): AsyncIterableIterator<LogEvent> {
    return endingAtOnce(signal, (stop) => this.#tail(id, { after, filter }, stop));
  }

  async *#tail(
    id: string,
    request: LogsRequest,
    stop: AbortSignal,
  ): AsyncGenerator<LogEvent, void> {
    this.store.called('tail');
    const run = this.store.find(id);
    for (let after = request.after; !stop.aborted;) {
      const page = logPage(run, { ...request, after }, this.store.logCursors);
      for (const [index, line] of page.lines.entries()) {
        // oxlint-disable-next-line typescript/no-unnecessary-condition -- a reader may stop while it holds a line
        if (stop.aborted) return;
        yield { type: 'LINE', line, cursor: page.cursors[index] ?? page.cursor };
      }
      if (page.ended) {
        yield { type: 'END', status: run.status, cursor: page.cursor, dropped: run.dropped };
        return;
      }
      // Nothing came since the last look, and nothing can before this waits.
      if (page.cursor === after) await run.news.newer(run.news.version, stop);
      after = page.cursor;
    }
  }

  watch(
    id: string,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncIterableIterator<TaskRunDetails> {
    return endingAtOnce(signal, (stop) => this.#watch(id, stop));
  }

  async *#watch(id: string, stop: AbortSignal): AsyncGenerator<TaskRunDetails, void> {
    this.store.called('watch');
    const run = this.store.find(id);
    for (let shown = ''; !stop.aborted;) {
      const { details } = run;
      const now = JSON.stringify(details);
      if (now === shown) {
        await run.news.newer(run.news.version, stop);
        continue;
      }
      shown = now;
      yield details;
      if (run.closed && JSON.stringify(run.details) === shown) return;
    }
  }

  watchList(
    filter: TaskRunFilter = {},
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncIterableIterator<TaskRunListEvent> {
    return endingAtOnce(signal, (stop) => this.#watchList(filter, stop));
  }

  async *#watchList(
    filter: TaskRunFilter,
    stop: AbortSignal,
  ): AsyncGenerator<TaskRunListEvent, void> {
    this.store.called('watchList');
    checkFilter(filter);
    const shown = new Map<string, string>();
    while (!stop.aborted) {
      const { runs } = listPage(this.store.rows(), { filter, first: 100 }, this.store.listCursors);
      const events: TaskRunListEvent[] = [];
      const here = new Set(runs.map(({ id }) => id));
      for (const id of [...shown.keys()].filter((one) => !here.has(one))) {
        shown.delete(id);
        events.push({ type: 'LEFT', id });
      }
      // Oldest first, so that a reader that puts each on top has the list's order.
      for (const run of runs.toReversed()) {
        const before = shown.get(run.id);
        const now = JSON.stringify(run);
        if (before === now) continue;
        shown.set(run.id, now);
        events.push({ type: before === undefined ? 'ENTERED' : 'CHANGED', run });
      }
      yield* events;
      if (events.length === 0) await this.store.news.newer(this.store.news.version, stop);
    }
  }

  async workers(): Promise<readonly Worker[]> {
    this.store.called('workers');
    return this.store.workers;
  }

  async me(): Promise<Me> {
    this.store.called('me');
    return { name: this.#caller?.name ?? null, rights: RIGHTS };
  }

  async server(): Promise<ServerInfo> {
    this.store.called('server');
    return { version: VERSION, namespace: 'fake', now: new Date(this.store.now()) };
  }

  async settings(): Promise<Settings> {
    this.store.called('settings');
    return this.store.settings;
  }

  async updateSettings(settings: Settings): Promise<Settings> {
    this.store.called('updateSettings');
    const { retentionDays } = settings;
    checkSettings(settings);
    this.store.settings = { retentionDays };
    return this.store.settings;
  }
}

/** The run that a new one comes from. */
interface Origin {
  readonly rerunOf?: string | null;
  readonly resumeOf?: string | null;
  readonly reuses?: string | null;
  readonly from?: string | undefined;
}

const defined = (options: TriggerOptions): TriggerOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
