import { canonicalJson } from '../../tools/canonical-json.ts';
import { TaskError, TaskErrorCode } from '../../contract/task-error.ts';
import type { TaskRun } from '../../contract/task-run.ts';
import type { TaskRunFilter, TaskRunListEvent } from '../../contract/tasks.ts';
import { News } from '../../tools/news.ts';
import { ENDED, PullIterator } from '../../tools/pull-iterator.ts';
import { askingFor } from '../../metering/asking-for.ts';
import { isPassing } from '../temporal/to-task-error.ts';
import { filterSignature } from './filter-signature.ts';
import type { OpenPage } from './open-page.ts';
import type { OwnWrites } from './own-writes.ts';
import type { Pages } from './pages.ts';
import type { RecentWrites } from './recent-writes.ts';
import type { RunIndex } from './run-index.ts';

export interface LiveListsOptions {
  readonly index: RunIndex;
  readonly pages: Pages;
  readonly own: OwnWrites;
  readonly writes: RecentWrites;
}

/** Live lists: the newest page, read again and again. One poller for equal filters, however many readers. */
export class LiveLists {
  readonly #options: LiveListsOptions;
  readonly #pollers = new Map<string, Poller>();

  constructor(options: LiveListsOptions) {
    this.#options = options;
  }

  /** Everything that is in the list, then what entered, changed and left, until the signal or the reader ends it. */
  watch(filter: TaskRunFilter, signal?: AbortSignal): AsyncIterableIterator<TaskRunListEvent> {
    // What is no filter is refused before anything is read.
    this.#options.index.compile(filter);
    const signature = filterSignature(filter);
    let poller: Poller | undefined;
    // What this reader was told. It is compared with the list as it is when the reader asks, so a slow one
    // skips what happened in between, and nothing queues for it.
    const told = new Map<string, string>();
    return new PullIterator(async (ended) => {
      poller ??= this.#join(filter, signature, ended);
      for (;;) {
        const { list } = poller;
        const event = list && change(told, list);
        if (event) return event;
        if (!(await poller.after(list?.version ?? 0, ended))) return ENDED;
      }
    }, signal);
  }

  close(): void {
    for (const poller of this.#pollers.values()) poller.stop();
    this.#pollers.clear();
  }

  #join(filter: TaskRunFilter, signature: string, ended: AbortSignal): Poller {
    let poller = this.#pollers.get(signature);
    if (!poller || poller.stopped) {
      const { own } = this.#countFor(filter.tenant);
      if (own >= MAX_LISTS || this.#pollers.size >= MAX_ALL)
        throw new TaskError(
          TaskErrorCode.RateLimited,
          `As many different lists are watched here as may be: ${own} of ${MAX_LISTS} of a tenant, ${this.#pollers.size} of ${MAX_ALL} in all. Wait until some are left.`,
          { retryAfter: 30 },
        );
      poller = new Poller(this.#options, filter, () => this.#pause(filter.tenant));
      this.#pollers.set(signature, poller);
    }
    const joined = poller;
    joined.join();
    ended.addEventListener('abort', () => {
      if (joined.leave() && this.#pollers.get(signature) === joined)
        this.#pollers.delete(signature);
    });
    return joined;
  }

  /** Tenants share what live lists may take, and the lists of one share its part: however many it has. */
  #pause(tenant: string | undefined): number {
    const { rate } = this.#options.index.visibility;
    const { own, tenants } = this.#countFor(tenant);
    return Math.max(1000, (own * tenants * 1000) / (rate * SHARE));
  }

  #countFor(tenant: string | undefined): { readonly own: number; readonly tenants: number } {
    const all = [...this.#pollers.values()].map((poller) => poller.tenant);
    return { own: all.filter((one) => one === tenant).length, tenants: new Set(all).size };
  }
}

interface List {
  readonly version: number;
  /** Newest first. */
  readonly runs: ReadonlyMap<string, { readonly run: TaskRun; readonly print: string }>;
}

/** The first difference between what a reader was told and what is, noted as told. */
function change(told: Map<string, string>, { runs }: List): TaskRunListEvent | undefined {
  for (const id of told.keys())
    if (!runs.has(id)) {
      told.delete(id);
      return { type: 'LEFT', id };
    }
  for (const [id, { run, print }] of runs) {
    const known = told.get(id);
    if (known === print) continue;
    told.set(id, print);
    return { type: known === undefined ? 'ENTERED' : 'CHANGED', run };
  }
  return undefined;
}

class Poller {
  list: List | undefined;
  stopped = false;
  readonly #options: LiveListsOptions;
  readonly #filter: TaskRunFilter;
  readonly #pause: () => number;
  readonly #stopListening: () => void;
  /** That there is nothing more to wait for. */
  readonly #end = new News();
  readonly #news = new News();
  #readers = 0;
  /** As the index had it last. */
  #page: OpenPage | undefined;
  #error: unknown;
  #refreshing = false;
  #stale = false;

  constructor(options: LiveListsOptions, filter: TaskRunFilter, pause: () => number) {
    this.#options = options;
    this.#filter = filter;
    this.#pause = pause;
    this.#stopListening = options.writes.onWrite(() => {
      this.#refresh().catch((error: unknown) => this.#fail(error));
    });
    askingFor(filter.tenant, LIVE, () => void this.#poll());
  }

  get tenant(): string | undefined {
    return this.#filter.tenant;
  }

  join(): void {
    this.#readers++;
  }

  /** True for the last reader: the poller has stopped. */
  leave(): boolean {
    if (--this.#readers > 0) return false;
    this.stop();
    return true;
  }

  stop(): void {
    this.stopped = true;
    this.#end.publish();
    this.#stopListening();
    this.#news.publish();
  }

  /** Resolves when the list is newer than `version`; with false when there will be none. */
  async after(version: number, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      if (this.#error !== undefined) throw this.#error;
      if (this.stopped || signal.aborted) return false;
      if (this.list && this.list.version > version) return true;
      await this.#news.newer(this.#news.version, signal);
    }
  }

  async #poll(): Promise<void> {
    let answered = Date.now();
    while (!this.stopped) {
      const began = Date.now();
      try {
        this.#page = await this.#options.pages.newest(this.#filter, SIZE);
        await this.#refresh();
        answered = Date.now();
      } catch (error) {
        // A list that has been silent for too long is no longer true: its readers come back for a new one.
        if (!isPassing(error) || !this.list || Date.now() - answered > PATIENCE) {
          this.#fail(error);
          return;
        }
      }
      // A read that takes long is not repeated at once.
      const rest = Math.max(this.#pause() - (Date.now() - began), this.#pause() / 2);
      await this.#end.within(rest, 0);
    }
  }

  #fail(error: unknown): void {
    this.#error = error;
    this.stop();
  }

  /** Lays the latest writes over what was read last. */
  async #refresh(): Promise<void> {
    this.#stale = true;
    if (this.#refreshing) return;
    this.#refreshing = true;
    try {
      while (this.#stale && this.#page) {
        this.#stale = false;
        const { entries } = await this.#options.own.over(this.#page);
        this.#take(entries.map(({ run }) => run));
      }
    } finally {
      this.#refreshing = false;
    }
  }

  #take(runs: readonly TaskRun[]): void {
    const prints = new Map(runs.map((run) => [run.id, { run, print: canonicalJson(run) }]));
    const before = this.list?.runs;
    if (before?.size === prints.size) {
      const isSame = [...prints].every(([id, { print }]) => before.get(id)?.print === print);
      if (isSame) return;
    }
    this.list = { version: (this.list?.version ?? 0) + 1, runs: prints };
    this.#news.publish();
  }
}

const SIZE = 100;
/** Of the calls to the index: live lists take no more. */
const SHARE = 0.5;
/** No caller is called so. */
const LIVE = ':live';
/** Of one tenant, or where there are none; and of all. */
const MAX_LISTS = 100;
const MAX_ALL = 1000;
/** Milliseconds that Temporal may be away before readers are told. */
const PATIENCE = 30_000;
