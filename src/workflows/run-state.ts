import { fromCause, toCause } from '../contract/wire/abort-cause.ts';
import type { AbortCause } from '../contract/wire/abort-cause.ts';
import type { AbortDetails, LogHeader } from '../contract/wire/messages.ts';
import { RunLog } from '../contract/wire/run-log.ts';

/** What one iteration of a run knows of itself. */
class RunState {
  iteration = 1;
  /** Milliseconds; when the body of the first iteration began. */
  startedAt = 0;
  log = new RunLog();
  /** Set when an abort has arrived. */
  abort: AbortCause | undefined;
  mode: AbortDetails['mode'] = 'GRACEFUL';
  /** As `AbortDetails` has it. */
  cleanUp: string | undefined;
  /** The time that all iterations may take, and when it is over. */
  timeout: LogHeader['timeout'];
  /** Why the run stops without having been aborted. */
  stop: string | undefined;
  /** Calls made after the work was asked to stop. */
  refusals = 0;
  readonly activities = new RunningActivities();

  /** Temporal drops a second cancel, and so do we: the first reason stands. */
  noteAbort(cause: string): void {
    this.abort ??= fromCause(cause);
  }

  /** What child runs are told when they are cancelled. */
  get cause(): string | undefined {
    if (this.abort) return toCause(this.abort);
    return this.stop === undefined ? undefined : toCause({ by: null, reason: this.stop });
  }

  get abortDetails(): AbortDetails | undefined {
    if (!this.abort) return undefined;
    const { by, reason } = this.abort;
    return {
      v: 1,
      by: by ?? '',
      reason: reason ?? '',
      mode: this.mode,
      ...(this.cleanUp !== undefined && { cleanUp: this.cleanUp }),
    };
  }
}

class RunningActivities {
  count = 0;
  /** Bytes of log that running activities may still settle. */
  reserved = 0;
}

/** There is one copy for each run: the sandbox gives every run modules of its own. */
export const run = new RunState();
