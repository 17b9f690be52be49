import { noSuchRun } from '../../../src/contract/task-error.ts';
import { isClosed } from '../../../src/contract/task-run.ts';
import type { TaskModule } from '../../../src/contract/task-definition.ts';
import type {
  Diagnosis,
  Outcome,
  TaskRun,
  TaskRunDetails,
  Worker,
} from '../../../src/contract/task-run.ts';
import type { Right } from '../../../src/contract/caller.ts';
import type { Timeline, TimelineEntry, TimelineRequest } from '../../../src/contract/timeline.ts';
import type {
  AbortRequest,
  AbortResult,
  LogEvent,
  LogPage,
  LogsRequest,
  Me,
  RerunRequest,
  ResumeRequest,
  ResumedRun,
  RunCheckpoint,
  ServerInfo,
  TailRequest,
  TaskDefinitionInfo,
  TaskRunCounts,
  TaskRunListEvent,
  TaskRunPage,
  TerminateRequest,
  TerminateResult,
  TriggerOptions,
  TriggerRequest,
  TriggeredRun,
} from '../../../src/contract/tasks.ts';
import { namedAsGiven, toFilter, toText } from './answers/to-filter-input.ts';
import type { RemoteFilter } from './answers/to-filter-input.ts';
import { toLogLine } from './answers/to-log-line.ts';
import { toProblem } from './answers/to-problem.ts';
import { toDate, toDateOrNull, toDetails, toOutcome, toTaskRun } from './answers/to-run.ts';
import * as documents from './documents/generated.ts';
import type { TriggeredFragment, TriggerOptions as OptionsInput } from './documents/generated.ts';
import { followList } from './follow-list.ts';
import type { OutputOfRun, RemoteListRequest, RemoteTasks, RunOf } from './remote-tasks.ts';
import { RunError } from './run-error.ts';
import type { AskOptions } from './wire/ask.ts';
import type { Connection } from './wire/connections.ts';
import type { Document } from './wire/document.ts';
import { refused, unreachable } from './wire/wire-errors.ts';
import { iterate } from './wire/iterate.ts';
import { Wire } from './wire/wire.ts';
import type { FollowOptions, WireOptions } from './wire/wire.ts';

export interface TasksClientOptions extends WireOptions {}

interface Ends {
  readonly signal?: AbortSignal | undefined;
}

/**
 * `Tasks` of a gateway somewhere else: the same verbs, types and errors as beside it, over GraphQL. What is followed
 * goes on by itself after a broken connection, a log with neither gap nor repeat.
 */
export class TasksClient<T extends TaskModule = TaskModule> implements RemoteTasks<T> {
  readonly #wire: Wire;

  constructor(options: TasksClientOptions) {
    this.#wire = new Wire(options);
  }

  /** How what is followed reaches the gateway. */
  get connection(): Connection {
    return this.#wire.connections.now;
  }

  /** Calls with each change of it, until what it answers is called. */
  onConnection(listener: (connection: Connection) => void): () => void {
    return this.#wire.connections.listen(listener);
  }

  /** Ends everything that is followed, and its connections. */
  close(): void {
    this.#wire.close();
  }

  /** The answer to any query or mutation. Throws the first error in it. */
  ask<Data, Variables extends object>(
    document: Document<Data, Variables>,
    variables: NoInfer<Variables>,
    options?: AskOptions,
  ): Promise<Data> {
    return this.#wire.ask(document, variables, options);
  }

  /** The answers to any subscription, over broken connections, until the gateway says that it is over. */
  follow<Data, Variables extends object>(
    document: Document<Data, Variables>,
    variables: NoInfer<Variables>,
    options?: FollowOptions<Data, NoInfer<Variables>>,
  ): AsyncIterableIterator<Data> {
    return this.#wire.follow(document, variables, options);
  }

  /** The public catalogue. */
  async definitions(): Promise<readonly TaskDefinitionInfo[]> {
    const { taskDefinitions } = await this.ask(documents.Definitions, {});
    return taskDefinitions.map(toDefinition);
  }

  /** Starts a run, or answers the one that this key made before. With a key it is sent again when no answer came. */
  async trigger<D extends keyof T & string>({
    definition,
    input,
    ...options
  }: TriggerRequest<T, D>): Promise<RunOf<D>> {
    const { triggerTask } = await this.#change(
      documents.Trigger,
      { definition, input, options: toOptions(options) },
      options.key,
    );
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a run is of the definition that was asked for
    return toTriggered(triggerTask, { ...options, input }) as RunOf<D>;
  }

  /** Triggers a new run with the input of an old one. */
  async rerun({ id, input, ...options }: RerunRequest): Promise<TriggeredRun> {
    const { rerunTaskRun } = await this.#change(
      documents.Rerun,
      { id, input, options: toOptions(options) },
      options.key,
    );
    return toTriggered(rerunTaskRun, { ...options, id, input });
  }

  /**
   * Triggers a new run that goes on from where one that failed or was aborted was. With a key it is sent again when no
   * answer came.
   */
  async resume({ id, input, from, ...options }: ResumeRequest): Promise<ResumedRun> {
    const { resumeTaskRun: answer } = await this.#change(
      documents.Resume,
      { id, input, from, options: toOptions(options) },
      options.key,
    );
    if (!('run' in answer)) throw toProblem(answer, { ...options, id, input });
    const { run, deduplicated, calls } = answer;
    return { ...toTaskRun(run), deduplicated, calls };
  }

  /** What `resume` would go on from; null for a run that it refuses. */
  async checkpoint({ id }: Pick<TaskRun, 'id'>): Promise<RunCheckpoint | null> {
    const { checkpoint } = found(id, await this.ask(documents.Checkpoint, { id }));
    return checkpoint && { calls: checkpoint };
  }

  /** Asks a run to stop at its next checkpoint. Resolves when the request is recorded. */
  async abort({ id, reason, grace }: AbortRequest): Promise<AbortResult> {
    const { abortTaskRun: answer } = await this.#change(documents.Abort, { id, reason, grace });
    if (!('run' in answer)) throw toProblem(answer, { id });
    return {
      outcome: 'code' in answer ? ALREADY[answer.__typename] : 'ABORTING',
      run: toTaskRun(answer.run),
    };
  }

  /** Ends a run at once, without clean-up. Resolves when it has ended. */
  async terminate({ id, reason }: TerminateRequest): Promise<TerminateResult> {
    const { terminateTaskRun: answer } = await this.#change(documents.Terminate, { id, reason });
    if (!('run' in answer)) throw toProblem(answer, { id });
    return {
      outcome: 'code' in answer ? ALREADY[answer.__typename] : 'TERMINATED',
      run: toTaskRun(answer.run),
    };
  }

  async get(id: string): Promise<TaskRunDetails> {
    return toDetails(found(id, await this.ask(documents.Get, { id })));
  }

  /** Removes a run and its log; an open one is terminated. */
  async delete(id: string): Promise<void> {
    const { deleteTaskRun: answer } = await this.#change(documents.Delete, { id });
    if ('code' in answer) throw toProblem(answer, { id });
  }

  /** The input of a run. */
  async input({ id }: Pick<TaskRun, 'id'>): Promise<unknown> {
    return found(id, await this.ask(documents.Input, { id })).input;
  }

  /** Output, error and abort of a run. */
  async outcome({ id }: Pick<TaskRun, 'id'>): Promise<Outcome> {
    return toOutcome(found(id, await this.ask(documents.Outcome, { id })));
  }

  /** Why a run does not move, or null when it does or is closed. */
  async diagnose({ id }: Pick<TaskRun, 'id'>): Promise<Diagnosis | null> {
    const { diagnosis } = found(id, await this.ask(documents.Diagnose, { id }));
    return diagnosis && { ...diagnosis, since: toDateOrNull(diagnosis.since) };
  }

  /**
   * The output of a run, when it has ended. Throws a `RunError` for one that failed or was aborted. By what a trigger
   * answered its type is known; by an id, `result<'importOrders'>(id)` tells it.
   */
  async result<D extends keyof T & string>(
    run: string | { readonly id: string; readonly definition: D },
    { signal }: Ends = {},
  ): Promise<OutputOfRun<T, D>> {
    const id = typeof run === 'string' ? run : run.id;
    let last: TaskRunDetails | undefined;
    for await (const now of this.watch(id, { signal })) last = now;
    signal?.throwIfAborted();
    // The client was closed.
    if (!last || !isClosed(last.status)) throw unreachable();
    const outcome = await this.outcome(last);
    if (last.status !== 'SUCCEEDED') throw new RunError(last, outcome);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what its definition ends with
    return outcome.output as OutputOfRun<T, D>;
  }

  async list({ filter, orderBy, first, after }: RemoteListRequest = {}): Promise<TaskRunPage> {
    const variables = { filter: toFilter(filter), orderBy, first, after };
    const { taskRuns } = await this.#filtered(documents.List, variables);
    const { edges, pageInfo } = present(taskRuns);
    return {
      runs: edges.map(({ node }) => toTaskRun(node)),
      cursors: edges.map(({ cursor }) => cursor),
      endCursor: pageInfo.endCursor,
      hasNextPage: pageInfo.hasNextPage,
    };
  }

  async count(filter?: RemoteFilter): Promise<number> {
    return (await this.counts(filter)).total;
  }

  async counts(filter?: RemoteFilter): Promise<TaskRunCounts> {
    const { taskRunCounts } = await this.#filtered(documents.Counts, { filter: toFilter(filter) });
    return present(taskRunCounts);
  }

  /** One page of a run's log, of an open or closed run. */
  async logs(id: string, request: LogsRequest = {}): Promise<LogPage> {
    const { log } = found(id, await this.ask(documents.Logs, { id, ...request }));
    if (!log) throw refused('This needs the right `logs`.');
    const { lines, ...page } = log;
    return {
      ...page,
      lines: lines.map(toLogLine),
      cursors: lines.map(({ cursor }) => cursor),
    };
  }

  /** What took time in a run. */
  async timeline(id: string, { last }: TimelineRequest = {}): Promise<Timeline> {
    const { timeline } = found(id, await this.ask(documents.Timeline, { id, last }));
    const { entries, ...more } = present(timeline);
    return {
      ...more,
      entries: entries.map(toEntry),
    };
  }

  /** The run's log from a position: backlog, then lines as they appear, then `END`; each line once, in order. */
  tail(id: string, { signal, ...request }: TailRequest = {}): AsyncIterableIterator<LogEvent> {
    return iterate((ended) => this.#tail(id, { ...request, signal: ended }), signal);
  }

  /** The run now, then each time it changes, until it is closed. */
  watch(id: string, { signal }: Ends = {}): AsyncIterableIterator<TaskRunDetails> {
    return iterate((ended) => this.#watch(id, ended), signal);
  }

  /** The newest 100 matches as they change, until the reader stops. */
  watchList(filter?: RemoteFilter, { signal }: Ends = {}): AsyncIterableIterator<TaskRunListEvent> {
    return iterate((ended) => followList(this, filter, ended), signal);
  }

  async workers(): Promise<readonly Worker[]> {
    const { workers } = await this.ask(documents.Workers, {});
    return present(workers).map(toWorker);
  }

  /** Who asks, and what it may do. */
  async me(): Promise<Me> {
    const { me } = await this.ask(documents.Me, {});
    return { name: me.name, rights: me.rights.map(toRight) };
  }

  async server(): Promise<ServerInfo> {
    const { server } = await this.ask(documents.Server, {});
    return { ...server, now: toDate(server.now) };
  }

  async *#tail(id: string, { after, filter, signal }: TailRequest): AsyncGenerator<LogEvent, void> {
    const events = this.follow(
      documents.Tail,
      { id, after, filter },
      { signal, resume: ({ taskRunLog: { cursor } }) => ({ after: cursor }) },
    );
    for await (const { taskRunLog: event } of events) {
      if (event.__typename === 'LogLine') {
        yield { type: 'LINE', line: toLogLine(event), cursor: event.cursor };
        continue;
      }
      const { status, cursor, dropped } = event;
      yield { type: 'END', status, cursor, dropped };
      return;
    }
  }

  async *#watch(id: string, signal: AbortSignal): AsyncGenerator<TaskRunDetails, void> {
    for await (const { taskRun } of this.follow(documents.Watch, { id }, { signal }))
      yield toDetails(taskRun);
  }

  #change<Data, Variables extends object>(
    document: Document<Data, Variables>,
    variables: NoInfer<Variables>,
    key?: string,
  ): Promise<Data> {
    return this.ask(document, variables, { changes: true, key });
  }

  async #filtered<Data, Variables extends object>(
    document: Document<Data, Variables>,
    variables: NoInfer<Variables>,
  ): Promise<Data> {
    return await this.ask(document, variables).catch((error: unknown) => {
      throw namedAsGiven(error);
    });
  }
}

const ALREADY = {
  AlreadyAborting: 'ALREADY_ABORTING',
  AlreadyFinished: 'ALREADY_FINISHED',
} as const;

const toOptions = ({ parent, runAt, ...options }: TriggerOptions): OptionsInput => ({
  ...options,
  parent: parent?.id,
  runAt: runAt && toText(runAt),
});

function toTriggered(
  answer: TriggeredFragment,
  asked: Parameters<typeof toProblem>[1],
): TriggeredRun {
  if (!('run' in answer)) throw toProblem(answer, asked);
  const deduplicated = answer.__typename === 'TaskRunDeduplicated';
  return { ...toTaskRun(answer.run), deduplicated };
}

function found<Run>(id: string, { taskRun }: { readonly taskRun: Run | null }): Run {
  if (taskRun === null) throw noSuchRun(id);
  return taskRun;
}

/** It is null beside an error alone, which has been thrown by now. */
function present<V>(value: V | null): V {
  if (value === null) throw new TypeError();
  return value;
}

const toDefinition = (
  definition: documents.DefinitionsData['taskDefinitions'][number],
): TaskDefinitionInfo =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a JSON Schema is an object
  ({ ...definition, private: false }) as TaskDefinitionInfo;

type Entries = NonNullable<NonNullable<documents.TimelineData['taskRun']>['timeline']>['entries'];
const toEntry = (entry: Entries[number]): TimelineEntry => ({
  ...entry,
  startedAt: toDate(entry.startedAt),
  dueAt: toDateOrNull(entry.dueAt),
  endedAt: toDateOrNull(entry.endedAt),
});

const toWorker = (worker: NonNullable<documents.WorkersData['workers']>[number]): Worker => ({
  ...worker,
  startedAt: toDateOrNull(worker.startedAt),
  lastSeen: toDateOrNull(worker.lastSeen),
});

const toRight = (right: documents.Right): Right =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same word
  right.toLowerCase() as Right;
