import type { temporal as proto } from '@temporalio/proto';
import { LOGS_QUERY } from '../../contract/wire/messages.ts';
import type { LogPageRequest, WireLogPage } from '../../contract/wire/run-log.ts';
import type { TaskRunDetails } from '../../contract/task-run.ts';
import { HistoryLog } from './history-log.ts';
import type { LinkHistory } from './history-log.ts';
import { liveLines } from './live-lines.ts';
import type { LiveLines } from './live-lines.ts';
import { enums } from '../temporal/proto.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { executionOf, toTaskRunDetails } from '../run/to-task-run.ts';
import type { RunMapping } from '../run/to-task-run.ts';

type HistoryEvent = proto.api.history.v1.IHistoryEvent;
const { HistoryEventFilterType, QueryRejectCondition } = enums;

/** What one call tells of one link of a run. */
export interface LinkState extends LiveLines {
  readonly details: TaskRunDetails;
  readonly link: string;
  /** The chain's first link. */
  readonly first: string;
  readonly open: boolean;
  /** Grows with each event. */
  readonly historyLength: number;
}

export interface RunSourceOptions {
  readonly temporal: Temporal;
  readonly definitions: RunMapping['definitions'];
}

/** What Temporal tells of a run and its log, one question each. */
export class RunSource {
  readonly temporal: Temporal;
  readonly #definitions: RunMapping['definitions'];
  /** The last query of each run that is asked one. */
  readonly #queries = new Map<string, Promise<unknown>>();
  /** Until when a run whose worker did not answer is asked nothing. */
  readonly #silent = new Map<string, number>();

  constructor({ temporal, definitions }: RunSourceOptions) {
    this.temporal = temporal;
    this.#definitions = definitions;
  }

  /** The state of a link, of the newest one unless told otherwise. */
  async state(id: string, link = ''): Promise<LinkState> {
    const { decode, decodeFailure } = this.temporal;
    const description = await this.temporal.ask(
      (service) => service.describeWorkflowExecution(this.#target(id, link)),
      { id },
    );
    const { workflowExecutionInfo: info } = description;
    const [details, live] = await Promise.all([
      toTaskRunDetails(description, { definitions: this.#definitions, decode, decodeFailure }),
      liveLines(description.pendingActivities, decode),
    ]);
    const { runId = link, firstRunId } = executionOf(details) ?? {};
    return {
      details,
      link: runId,
      first: firstRunId ?? runId,
      open: !info?.closeTime,
      historyLength: Number(info?.historyLength ?? 0),
      ...live,
    };
  }

  /** Whether it is worth while to ask the worker of a run. */
  answers(id: string): boolean {
    return (this.#silent.get(id) ?? 0) <= Date.now();
  }

  /**
   * A page of settled lines from the run's worker, or undefined when it does not answer or the run has just closed.
   * One at a time for a run: Temporal refuses a second one, and the retries of that take seconds.
   */
  page(id: string, link: string, request: LogPageRequest): Promise<WireLogPage | undefined> {
    const before = this.#queries.get(id) ?? Promise.resolve();
    const query = before.then(() => this.#query(id, link, request));
    this.#queries.set(id, query);
    void query.finally(() => {
      if (this.#queries.get(id) === query) this.#queries.delete(id);
    });
    return query;
  }

  async #query(
    id: string,
    link: string,
    request: LogPageRequest,
  ): Promise<WireLogPage | undefined> {
    if (!this.answers(id)) return undefined;
    try {
      const payloads = await this.temporal.encode(request);
      const { queryResult } = await this.temporal.ask(
        (service) =>
          service.queryWorkflow({
            ...this.#target(id, link),
            query: { queryType: LOGS_QUERY, queryArgs: { payloads } },
            // A closed run would be replayed as a whole for each query.
            queryRejectCondition: QueryRejectCondition.QUERY_REJECT_CONDITION_NOT_OPEN,
          }),
        { deadline: QUERY_DEADLINE, retries: false },
      );
      const [page] = await this.temporal.decode(queryResult?.payloads);
      return isPage(page) ? page : undefined;
    } catch {
      // Whatever is wrong with the worker, history has the same lines.
      this.#silence(id);
      return undefined;
    }
  }

  #silence(id: string): void {
    const now = Date.now();
    for (const [other, until] of this.#silent) if (until <= now) this.#silent.delete(other);
    this.#silent.set(id, now + SILENCE);
  }

  /** The whole history of a link as its log. */
  async history(id: string, link: string): Promise<LinkHistory> {
    const log = new HistoryLog(this.temporal.decode);
    for (let nextPageToken: Uint8Array | undefined; ;) {
      const answer = await this.temporal.ask(
        (service) =>
          service.getWorkflowExecutionHistory({
            ...this.#target(id, link),
            maximumPageSize: 1000,
            ...(nextPageToken && { nextPageToken }),
          }),
        { id },
      );
      for (const event of answer.history?.events ?? []) await log.add(event);
      if (answer.nextPageToken.length === 0) return log.finish();
      ({ nextPageToken } = answer);
    }
  }

  /** The link before this one in the chain. */
  async before(id: string, link: string): Promise<string | undefined> {
    const { history } = await this.temporal.ask(
      (service) =>
        service.getWorkflowExecutionHistory({ ...this.#target(id, link), maximumPageSize: 1 }),
      { id },
    );
    const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
    return started?.continuedExecutionRunId || undefined;
  }

  /** The event of the abort request; it is among the newest ones, unless the run takes long to stop. */
  async abortRequest(id: string, link: string): Promise<HistoryEvent | undefined> {
    for (let nextPageToken: Uint8Array | undefined, pages = 0; pages < MOST_PAGES; pages++) {
      const answer = await this.temporal.ask(
        (service) =>
          service.getWorkflowExecutionHistoryReverse({
            ...this.#target(id, link),
            maximumPageSize: 100,
            ...(nextPageToken && { nextPageToken }),
          }),
        { id },
      );
      const found = answer.history?.events?.find(
        (event) => event.workflowExecutionCancelRequestedEventAttributes,
      );
      if (found || answer.nextPageToken.length === 0) return found;
      ({ nextPageToken } = answer);
    }
    return undefined;
  }

  /** Resolves when the link has closed, or the signal says that nobody waits any more. */
  async closed(id: string, link: string, signal: AbortSignal): Promise<void> {
    const { connection } = this.temporal;
    for (let nextPageToken: Uint8Array | undefined; !signal.aborted;) {
      const answer = await connection.withAbortSignal(signal, () =>
        this.temporal.ask(
          (service) =>
            service.getWorkflowExecutionHistory({
              ...this.#target(id, link),
              waitNewEvent: true,
              historyEventFilterType: HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
              ...(nextPageToken && { nextPageToken }),
            }),
          { id, deadline: LONG_POLL },
        ),
      );
      if (answer.nextPageToken.length === 0) return;
      ({ nextPageToken } = answer);
    }
  }

  #target(
    id: string,
    runId: string,
  ): {
    readonly namespace: string;
    readonly execution: { readonly workflowId: string; readonly runId: string };
  } {
    return { namespace: this.temporal.namespace, execution: { workflowId: id, runId } };
  }
}

// With no worker there, Temporal says so one second before the deadline.
const QUERY_DEADLINE = 2000;
/** Milliseconds. */
const SILENCE = 5000;
const MOST_PAGES = 20;
// Temporal answers a long poll after 20 s, with nothing.
const LONG_POLL = 30_000;

const isPage = (value: unknown): value is WireLogPage =>
  typeof value === 'object' && value !== null && 'entries' in value && Array.isArray(value.entries);
