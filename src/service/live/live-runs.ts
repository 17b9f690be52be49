import { checkLogsRequest } from '../../contract/rules/check-logs-request.ts';
import { checkFirst } from '../../contract/rules/check-first.ts';
import type { TaskRunDetails } from '../../contract/task-run.ts';
import { TIMELINE_LAST } from '../../contract/timeline.ts';
import type { Timeline, TimelineRequest } from '../../contract/timeline.ts';
import type { LogEvent, LogPage, LogsRequest, TailRequest } from '../../contract/tasks.ts';
import { LogReader } from '../log/log-reader.ts';
import { LinkHistories } from '../log/link-histories.ts';
import { LogBefore } from '../log/log-before.ts';
import { readLogEnd } from '../log/read-log-end.ts';
import { readLogPage } from '../log/read-log-page.ts';
import { fromCursor } from '../log/log-position.ts';
import type { LogPosition } from '../log/log-position.ts';
import { LogViewer } from './log-viewer.ts';
import { newestLink } from '../log/newest-link.ts';
import { PullIterator } from '../../tools/pull-iterator.ts';
import { RunSource } from '../log/run-source.ts';
import type { RunSourceOptions } from '../log/run-source.ts';
import { inTime } from '../temporal/in-time.ts';
import { readTimeline } from '../timeline/read-timeline.ts';
import { RunViewer } from './run-viewer.ts';
import { LiveRun } from './live-run.ts';

/** Reads and follows runs: one watcher for each run that is watched, whatever the number of its viewers. */
export class LiveRuns {
  readonly #source: RunSource;
  readonly #histories: LinkHistories;
  readonly #watched = new Map<string, LiveRun>();
  #closed = false;

  constructor(options: RunSourceOptions) {
    this.#source = new RunSource(options);
    this.#histories = new LinkHistories(this.#source);
  }

  /** One page of a run's log, of an open or closed run. */
  async logs(id: string, request: LogsRequest = {}): Promise<LogPage> {
    const asked = { ...request, ...checkLogsRequest(request) };
    const { after, before } = request;
    const from = after === undefined ? undefined : fromCursor(id, after);
    const until = before === undefined ? undefined : fromCursor(id, before);
    // A page may take several calls and wait for its turn: together they have the time of one.
    return inTime(this.#source.temporal.deadline, () =>
      until ? this.#pageBefore(id, until, asked) : this.#page(id, from, asked),
    );
  }

  async #page(id: string, after: LogPosition | undefined, request: LogsRequest): Promise<LogPage> {
    const state = await this.#source.state(id);
    const newest = newestLink(state, { source: this.#source, histories: this.#histories });
    const reader = new LogReader(this.#partsOf(id));
    const start = after ?? (await reader.start(state));
    const read = (position: LogPosition) => reader.read(position, newest);
    const { last, filter } = request;
    return last === undefined
      ? readLogPage(id, request, start, read)
      : readLogEnd(id, { last, filter }, start, read);
  }

  async #pageBefore(
    id: string,
    before: LogPosition,
    { last = 100, filter }: LogsRequest,
  ): Promise<LogPage> {
    const state = await this.#source.state(id);
    const reader = new LogReader(this.#partsOf(id));
    const log = new LogBefore({ id, before, state, reader, histories: this.#histories });
    const start = await reader.start(state);
    const page = await readLogEnd(id, { last, filter }, start, (at) => log.read(at));
    return { ...page, ...(await log.rest()) };
  }

  /** The last entries of a run's timeline. */
  async timeline(
    id: string,
    { last = TIMELINE_LAST.usual }: TimelineRequest = {},
  ): Promise<Timeline> {
    checkFirst(last, TIMELINE_LAST.most, 'last');
    return inTime(this.#source.temporal.deadline, () =>
      readTimeline(id, last, { source: this.#source, histories: this.#histories }),
    );
  }

  /** The run's log from a position: backlog, then lines as they appear, then `END`. */
  tail(id: string, { signal, ...request }: TailRequest = {}): AsyncIterableIterator<LogEvent> {
    const viewer = new LogViewer({ ...request, id, join: (until) => this.#join(id, until) });
    return new PullIterator((until) => viewer.next(until), signal);
  }

  /** The run now, then each time it changes, until it is closed. A slow reader gets the latest only. */
  watch(
    id: string,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncIterableIterator<TaskRunDetails> {
    const viewer = new RunViewer((until) => this.#join(id, until));
    return new PullIterator((until) => viewer.next(until), signal);
  }

  /** Ends all iterations. */
  close(): void {
    this.#closed = true;
    for (const { watcher } of this.#watched.values()) watcher.stop();
    this.#watched.clear();
    this.#histories.clear();
  }

  #join(id: string, signal: AbortSignal): LiveRun {
    const known = this.#watched.get(id);
    // One that has seen the end would not notice that the run was deleted since.
    const run = known && !known.watcher.ended ? known : new LiveRun(this.#partsOf(id));
    if (this.#closed) run.watcher.stop();
    else this.#watched.set(id, run);
    run.join(signal, () => {
      if (this.#watched.get(id) === run) this.#watched.delete(id);
    });
    return run;
  }

  #partsOf(id: string) {
    return { id, source: this.#source, histories: this.#histories };
  }
}
