import { LogReader } from '../log/log-reader.ts';
import type { RunBatch, RunToRead } from '../log/log-reader.ts';
import type { LogPosition } from '../log/log-position.ts';
import { RunWatcher } from './run-watcher.ts';

/** A run that is watched, for all its viewers: its watcher, and the batches that those who are level share. */
export class LiveRun {
  readonly watcher: RunWatcher;
  readonly reader: LogReader;
  readonly #batches = new Map<string, Promise<RunBatch | undefined>>();
  #batchesOf = -1;
  #viewers = 0;
  #logViewers = 0;

  constructor(run: RunToRead) {
    this.watcher = new RunWatcher(run);
    this.reader = new LogReader(run);
  }

  /** Counts a viewer until its signal; `onEmpty` is called when the last one has gone. */
  join(signal: AbortSignal, onEmpty: () => void): void {
    this.#viewers++;
    const leave = (): void => {
      if (--this.#viewers > 0) return;
      this.watcher.stop();
      onEmpty();
    };
    signal.addEventListener('abort', leave, { once: true });
  }

  /** As `join`, for one that reads the log from an offset on. */
  joinLog(offset: number, signal: AbortSignal): void {
    this.#logViewers++;
    this.watcher.wantLog(offset);
    const leave = (): void => {
      if (--this.#logViewers === 0) this.watcher.forgetLog();
    };
    signal.addEventListener('abort', leave, { once: true });
  }

  /** What follows a position; made once for all viewers that stand there. */
  read(position: LogPosition, cursor: string): Promise<RunBatch | undefined> | undefined {
    const { watcher } = this;
    if (!watcher.seen) return undefined;
    if (this.#batchesOf !== watcher.news.version || this.#batches.size >= MOST_BATCHES) {
      this.#batches.clear();
      this.#batchesOf = watcher.news.version;
    }
    const known = this.#batches.get(cursor);
    if (known) return known;
    const batch = this.reader.read(position, {
      state: watcher.seen.state,
      view: (offset) => watcher.view(offset),
    });
    this.#batches.set(cursor, batch);
    batch.catch(() => this.#batches.delete(cursor));
    return batch;
  }
}

/** Viewers that are level stand at one position, and those that read backlog at a few. */
const MOST_BATCHES = 8;
