import { setTimeout as sleep } from 'node:timers/promises';
import type { LogEntry } from '../../contract/wire/run-log.ts';
import { News } from '../../tools/news.ts';
import { inOrder, unordered } from '../log/history-log.ts';
import { abortRequestOf, openingOf } from '../log/lifecycle.ts';
import type { LifeLine } from '../log/lifecycle.ts';
import type { LinkHistories, NextLink } from '../log/link-histories.ts';
import { withWaiting } from '../log/live-lines.ts';
import type { RunToRead } from '../log/log-reader.ts';
import { BATCH_BYTES } from '../log/read-on.ts';
import type { LinkView } from '../log/read-on.ts';
import { isPassing } from '../temporal/to-task-error.ts';
import type { LinkState, RunSource } from '../log/run-source.ts';
import { LookPace } from './look-pace.ts';
import { SettledWindow } from './settled-window.ts';

/** What a watcher saw last. */
export interface Seen {
  readonly state: LinkState;
  readonly life: readonly LifeLine[];
  /** Lines that follow the window's. */
  readonly live: readonly LogEntry[];
}

/** The run's log as far as viewers want it. */
interface SharedLog {
  readonly window: SettledWindow;
  /** Length of the history that the window covers. */
  covered: number;
  /** Settled lines that are in no order yet. */
  waiting: readonly LogEntry[];
}

/**
 * Follows one run for all its viewers: a call at each of its heartbeats, a second one when something happened, and one
 * long poll for its end. It works while it is wanted, and keeps what it saw last.
 */
export class RunWatcher {
  readonly id: string;
  readonly #source: RunSource;
  readonly #histories: LinkHistories;
  /** What was seen, for whoever waits for it. */
  readonly news = new News();
  /** Reasons to look again at once. */
  readonly #wakeUps = new News();
  /** Ends what runs. */
  readonly #halt = new AbortController();
  #stopped = false;
  #ended = false;
  #failure: unknown;
  #seen: Seen | undefined;
  #log: SharedLog | undefined;
  #abortRead = false;
  #abortRequest: LifeLine | undefined;
  /** The link whose end is awaited. */
  #polled: string | undefined;

  constructor({ id, source, histories }: RunToRead) {
    this.id = id;
    this.#source = source;
    this.#histories = histories;
    void this.#follow();
  }

  /** Undefined until the run was seen. Throws when it cannot be followed any more. */
  get seen(): Seen | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#seen;
  }

  /** Nobody wants it any more. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Nothing will be seen any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Nothing of it runs any more, and whoever waits is told. */
  stop(): void {
    this.#stopped = true;
    this.#end();
  }

  /** Has the log read too, from an offset on. Until it is asked for, only the run is looked at. */
  wantLog(offset: number): void {
    if (this.#log) return;
    this.#log = sharedLog(offset);
    this.#wakeUps.publish();
  }

  forgetLog(): void {
    this.#log = undefined;
  }

  /** What an open link has from an offset on; undefined while that is not known. */
  async view(offset: number): Promise<LinkView | undefined> {
    const log = this.#log;
    const { seen } = this;
    if (!seen || !log) return undefined;
    const { state, live, life } = seen;
    const level = log.covered === state.historyLength;
    const page = log.window.page(offset, BATCH_BYTES);
    return {
      // Heartbeats continue what was settled when they were read: no sooner may anybody see them.
      page: page
        ? { ...page, more: page.more || !level }
        : { ...(await this.#histories.page(this.id, state.link, offset)), more: true },
      live,
      running: state.running,
      life,
      over: false,
    };
  }

  async #follow(): Promise<void> {
    let failures = 0;
    let looked = this.#wakeUps.version;
    const pace = new LookPace();
    let link: string | undefined;
    while (!this.ended) {
      const began = Date.now();
      let lastBeat: number | undefined;
      try {
        const state = await this.#source.state(this.id, link);
        if (state.open) {
          link = state.link;
          lastBeat = newestBeat(state);
          void this.#awaitEnd(link);
          await this.#look(state);
        } else {
          const closed = await this.#histories.closed(this.id, state.link, state);
          const next = closed?.next ?? (closed?.replaced && (await this.#branch(state.link)));
          if (!next) return this.#finish(state);
          link = next.link;
          this.#enter(next.offset);
        }
        failures = 0;
      } catch (error) {
        if (!isPassing(error)) return this.#fail(error);
        failures++;
      }
      const next = pace.next(began, lastBeat);
      const at = failures === 0 ? next : began + Math.min(PAUSE * 2 ** failures, LONGEST_PAUSE);
      looked = await this.#wakeUps.within(at - Date.now(), looked);
    }
  }

  /** Where the run goes on when an earlier link than the newest one was reset. */
  async #branch(link: string): Promise<NextLink> {
    const newest = await this.#source.state(this.id);
    return this.#histories.branch(this.id, link, newest.link);
  }

  /** One look at an open link: at most one call beside the one that told its state. */
  async #look(state: LinkState): Promise<void> {
    this.#show(state);
    const log = this.#log;
    if (!log || log.covered === state.historyLength) return;
    if (state.details.abortRequested && !this.#abortRead) await this.#readAbort(state);
    else await this.#readSettled(log, state);
    this.#show(state);
  }

  #show(state: LinkState): void {
    this.#seen = {
      state,
      life: [...openingOf(state.details), ...(this.#abortRequest ? [this.#abortRequest] : [])],
      live: withWaiting(this.#log?.waiting ?? [], state.lines),
    };
    this.news.publish();
  }

  async #readAbort({ link, details, mark }: LinkState): Promise<void> {
    const event = await this.#source.abortRequest(this.id, link);
    this.#abortRead = true;
    this.#abortRequest = event && abortRequestOf(event, { iteration: details.iteration, mark });
    this.#wakeUps.publish();
  }

  async #readSettled(log: SharedLog, state: LinkState): Promise<void> {
    const { window } = log;
    const { link, historyLength } = state;
    if (state.details.startedAt === null) {
      // No worker has begun it: there is nobody to ask, and nothing to read.
      log.covered = historyLength;
    } else if (!this.#source.answers(this.id)) {
      const history = await this.#histories.open(this.id, link);
      window.add(inOrder(history, { after: window.next, limitBytes: Infinity }));
      log.waiting = unordered(history);
      log.covered = historyLength;
    } else {
      const page = await this.#source.page(this.id, link, { after: window.next });
      if (page) {
        window.add(page);
        log.waiting = [];
        if (!page.more) log.covered = historyLength;
      }
      // What is left is read after another look at the run: it may just have closed.
      if (page?.more !== false) this.#wakeUps.publish();
    }
  }

  #enter(offset: number): void {
    if (this.#log) this.#log = sharedLog(offset);
    this.#abortRead = false;
    this.#abortRequest = undefined;
    this.#seen = undefined;
    this.#wakeUps.publish();
  }

  #finish(state: LinkState): void {
    this.#seen = { state, life: [], live: [] };
    this.#end();
  }

  #fail(error: unknown): void {
    this.#failure = error;
    this.#end();
  }

  #end(): void {
    this.#ended = true;
    this.#halt.abort();
    this.#wakeUps.publish();
    this.news.publish();
  }

  /** Wakes the loop when a link closes; without it the end would be seen up to a tick later. */
  async #awaitEnd(link: string): Promise<void> {
    if (this.#polled === link) return;
    this.#polled = link;
    const { signal } = this.#halt;
    while (!signal.aborted)
      try {
        await this.#source.closed(this.id, link, signal);
        return this.#wakeUps.publish();
      } catch (error) {
        if (!isPassing(error)) return;
        await sleep(1000, undefined, { signal }).catch(() => undefined);
      }
  }
}

/** Milliseconds, the first half of the first pause after a failure. */
const PAUSE = 300;
const LONGEST_PAUSE = 5000;
/** Bytes of the newest lines that all viewers of a run share. */
const WINDOW = 1024 * 1024;

/** When an activity was heard of last. */
function newestBeat({ details }: LinkState): number | undefined {
  const beats = details.steps.flatMap(({ lastHeartbeat }) => lastHeartbeat?.getTime() ?? []);
  return beats.length === 0 ? undefined : Math.max(...beats);
}

const sharedLog = (offset: number): SharedLog => ({
  window: new SettledWindow(offset, WINDOW),
  covered: -1,
  waiting: [],
});
