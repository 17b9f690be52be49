import { LOGS_QUERY } from '../../contract/wire/messages.ts';
import { markOf } from '../../contract/wire/log-source.ts';
import { isWirePage } from '../../contract/wire/run-log.ts';
import type { LogPageRequest, WireLogPage } from '../../contract/wire/run-log.ts';
import type { TaskRunDetails } from '../../contract/task-run.ts';
import { atMost } from '../../tools/at-most.ts';
import { HistoryLog } from './history-log.ts';
import type { LinkHistory } from './history-log.ts';
import { liveLines } from './live-lines.ts';
import type { LiveLines } from './live-lines.ts';
import { events, eventsBackwards, toTarget } from '../temporal/history.ts';
import type { HistoryEvent } from '../temporal/history.ts';
import { enums } from '../temporal/proto.ts';
import type { PendingActivity } from '../temporal/proto.ts';
import type { Temporal } from '../temporal/temporal.ts';
import type { DescribeRun } from '../run/describe-run.ts';

const { HistoryEventFilterType, QueryRejectCondition } = enums;

/** What one call tells of one link of a run. */
export interface LinkState extends LiveLines {
  readonly details: TaskRunDetails;
  readonly link: string;
  /** The chain's first link. */
  readonly first: string;
  readonly open: boolean;
  /** What an operator's reset made of this link. */
  readonly reset?: string | undefined;
  /** What the sources of this link are marked with, since a reset. */
  readonly mark?: string | undefined;
  /** Grows with each event. */
  readonly historyLength: number;
  /** Those that have not ended. */
  readonly activities: readonly PendingActivity[];
}

/** Whoever looks at a history beside its log. */
export type See = (event: HistoryEvent) => void;

export interface RunSourceOptions {
  readonly temporal: Temporal;
  readonly describe: DescribeRun;
}

/** What Temporal tells of a run and its log, one question each. */
export class RunSource {
  readonly temporal: Temporal;
  readonly #describe: DescribeRun;
  /** A history may be as long as Temporal allows: so many are in memory for all who ask. */
  readonly #fewAtOnce = atMost(HISTORIES);
  /** The last query of each run that is asked one. */
  readonly #queries = new Map<string, Promise<unknown>>();
  /** Until when a run whose worker did not answer is asked nothing. */
  readonly #silent = new Map<string, number>();

  constructor({ temporal, describe }: RunSourceOptions) {
    this.temporal = temporal;
    this.#describe = describe;
  }

  /** The state of a link, of the newest one unless told otherwise. */
  async state(id: string, asked = ''): Promise<LinkState> {
    const { run, execution, description } = await this.#describe(id, asked);
    const { link, first } = execution;
    const { workflowExecutionInfo: info, workflowExtendedInfo: extended } = description;
    return {
      details: run,
      link,
      first: first ?? link,
      open: !info?.closeTime,
      reset: extended?.resetRunId || undefined,
      mark: extended?.lastResetTime ? markOf(link) : execution.memo?.mark,
      historyLength: Number(info?.historyLength ?? 0),
      activities: description.pendingActivities ?? [],
      ...(await liveLines(description.pendingActivities, this.temporal.decode)),
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
      const payloads = await this.temporal.encode(id, request);
      const { queryResult } = await this.temporal.ask(
        (service) =>
          service.queryWorkflow({
            ...toTarget(this.temporal, { id, link }),
            query: { queryType: LOGS_QUERY, queryArgs: { payloads } },
            // A closed run would be replayed as a whole for each query.
            queryRejectCondition: QueryRejectCondition.QUERY_REJECT_CONDITION_NOT_OPEN,
          }),
        { deadline: QUERY_DEADLINE, retries: false },
      );
      const [page] = await this.temporal.decode(queryResult?.payloads);
      return isWirePage(page) ? page : undefined;
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

  /** The whole history of a link as its log; `see` is shown each event on the way. */
  history(id: string, link: string, see?: See): Promise<LinkHistory> {
    return this.#fewAtOnce(() => this.#history(id, link, see));
  }

  async #history(id: string, link: string, see?: See): Promise<LinkHistory> {
    const log = new HistoryLog(this.temporal.decode);
    for await (const event of events(this.temporal, { id, link })) {
      see?.(event);
      await log.add(event);
    }
    return log.finish();
  }

  /** The event of the abort request; it is among the newest ones, unless the run takes long to stop. */
  async abortRequest(id: string, link: string): Promise<HistoryEvent | undefined> {
    for await (const event of eventsBackwards(this.temporal, { id, link }, { pageSize: 100 }))
      if (event.workflowExecutionCancelRequestedEventAttributes) return event;
    return undefined;
  }

  /** Resolves when the link has closed, or the signal says that nobody waits any more. */
  async closed(id: string, link: string, signal: AbortSignal): Promise<void> {
    for (let nextPageToken: Uint8Array | undefined; !signal.aborted;) {
      const answer = await this.temporal.ask(
        (service) =>
          service.getWorkflowExecutionHistory({
            ...toTarget(this.temporal, { id, link }),
            waitNewEvent: true,
            historyEventFilterType: HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
            ...(nextPageToken && { nextPageToken }),
          }),
        { id, deadline: LONG_POLL, signal },
      );
      if (answer.nextPageToken.length === 0) return;
      ({ nextPageToken } = answer);
    }
  }
}

// With no worker there, Temporal says so one second before the deadline.
const QUERY_DEADLINE = 2000;
const HISTORIES = 8;
/** Milliseconds. */
const SILENCE = 5000;
// Temporal answers a long poll after 20 s, with nothing.
const LONG_POLL = 30_000;
