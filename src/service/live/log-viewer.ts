import { setTimeout as sleep } from 'node:timers/promises';
import { matchesLine } from '../../contract/rules/matches-line.ts';
import type { LogEvent, TailRequest } from '../../contract/tasks.ts';
import type { RunBatch } from '../log/log-reader.ts';
import { fromCursor, toCursor } from '../log/log-position.ts';
import type { LogPosition } from '../log/log-position.ts';
import { ENDED } from '../../tools/pull-iterator.ts';
import { isPassing } from '../temporal/to-task-error.ts';
import type { LiveRun } from './live-run.ts';

export interface LogViewerOptions extends Pick<TailRequest, 'after' | 'filter'> {
  readonly id: string;
  /** Joins those who watch the run, until the signal. */
  readonly join: (signal: AbortSignal) => LiveRun;
}

type Next = LogEvent | typeof ENDED;

/** One viewer of a run's log: a position, and the batch that it is in. What it has not asked for is not kept for it. */
export class LogViewer {
  readonly #options: LogViewerOptions;
  #run: LiveRun | undefined;
  #position: LogPosition | undefined;
  #cursor = '';
  #batch: RunBatch | undefined;
  #taken = 0;
  /** The watcher's version of which everything was read. */
  #level = NEVER;
  #ended = false;

  constructor(options: LogViewerOptions) {
    this.#options = options;
  }

  /** The next line, then the end marker; a promise when it has to wait for them, until the signal. */
  next(signal: AbortSignal): Next | Promise<Next> {
    return this.#ready() ?? this.#wait(signal);
  }

  /** What the batch has. */
  #ready(): Next | undefined {
    if (this.#ended) return ENDED;
    const line = this.#take();
    if (line) return line;
    return this.#batch?.onward === 'END' ? this.#end(this.#batch) : undefined;
  }

  async #wait(signal: AbortSignal): Promise<Next> {
    const run = (this.#run ??= this.#join(signal));
    for (;;) {
      const news = run.watcher.news.newer(this.#level, signal);
      if (news) await news;
      if (signal.aborted || run.watcher.stopped) return ENDED;
      await this.#readOn(run, signal);
      const next = this.#ready();
      if (next !== undefined) return next;
    }
  }

  #join(signal: AbortSignal): LiveRun {
    const { id, after, join } = this.#options;
    if (after !== undefined) this.#go(fromCursor(id, after), after);
    const run = join(signal);
    run.joinLog(this.#position?.offset ?? 0, signal);
    return run;
  }

  #take(): LogEvent | undefined {
    const lines = this.#batch?.lines;
    if (!lines) return undefined;
    while (this.#taken < lines.length) {
      const event = lines[this.#taken++];
      if (event && matchesLine(event.line, this.#options.filter)) return event;
    }
    return undefined;
  }

  #end({ status, cursor, position: { dropped } }: RunBatch): Next {
    this.#ended = true;
    return status ? { type: 'END', status, cursor, dropped } : ENDED;
  }

  /** Goes to the next batch, if there is one. */
  async #readOn(run: LiveRun, signal: AbortSignal): Promise<void> {
    const { version } = run.watcher.news;
    try {
      const batch = await this.#read(run);
      this.#level = batch?.onward === 'MORE' ? NEVER : version;
      if (!batch) return;
      this.#batch = batch;
      this.#taken = 0;
      this.#go(batch.position, batch.cursor);
    } catch (error) {
      if (!isPassing(error)) throw error;
      // The server is away: the viewer stays.
      await sleep(PAUSE, undefined, { signal }).catch(() => undefined);
    }
  }

  async #read(run: LiveRun): Promise<RunBatch | undefined> {
    const { seen } = run.watcher;
    if (!seen) return undefined;
    if (!this.#position) {
      const start = await run.reader.start(seen.state);
      this.#go(start, toCursor(this.#options.id, start, new Set()));
    }
    return this.#position && run.read(this.#position, this.#cursor);
  }

  #go(position: LogPosition, cursor: string): void {
    this.#position = position;
    this.#cursor = cursor;
  }
}

const PAUSE = 1000;
/** No version of a watcher. */
const NEVER = -1;
