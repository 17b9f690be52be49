import { isClosed } from '../../contract/task-run.ts';
import type { TaskRunDetails } from '../../contract/task-run.ts';
import { ENDED } from '../../tools/pull-iterator.ts';
import type { LiveRun } from './live-run.ts';

/** One viewer of a run's state: it gets the latest when it asks, and nothing twice. */
export class RunViewer {
  readonly #join: (signal: AbortSignal) => LiveRun;
  #run: LiveRun | undefined;
  #shown: { readonly text: string; readonly closed: boolean } | undefined;

  constructor(join: (signal: AbortSignal) => LiveRun) {
    this.#join = join;
  }

  /** The run as it is, once it is another than was shown last. */
  async next(signal: AbortSignal): Promise<TaskRunDetails | typeof ENDED> {
    const run = (this.#run ??= this.#join(signal));
    const { watcher } = run;
    while (!signal.aborted && !watcher.stopped && !this.#shown?.closed) {
      const { news, seen } = watcher;
      const { version } = news;
      if (seen) {
        const { details } = seen.state;
        const text = toText(details);
        if (text !== this.#shown?.text) {
          this.#shown = { text, closed: isClosed(details.status) };
          return details;
        }
      }
      await news.newer(version, signal);
    }
    return ENDED;
  }
}

/** What makes a difference to a viewer: each heartbeat does not. */
function toText({ status, iteration, progress, steps, abortRequested, startedAt }: TaskRunDetails) {
  const shown = steps.map((step) => ({ ...step, lastHeartbeat: null }));
  return JSON.stringify([status, iteration, progress, shown, abortRequested, startedAt]);
}
