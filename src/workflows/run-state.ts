import { toCause } from '../contract/wire/abort-cause.ts';
import type { AbortCause } from '../contract/wire/abort-cause.ts';
import type { AbortDetails, LogHeader } from '../contract/wire/messages.ts';
import type { EarlierCalls } from '../contract/wire/resumption.ts';
import { RunLog } from '../contract/wire/run-log.ts';

/** How a run is being stopped. */
export interface Ending extends AbortCause {
  readonly kind: 'ABORT' | 'TIMEOUT';
  readonly mode: AbortDetails['mode'];
  /** As `AbortDetails` has it. */
  readonly cleanUp?: string;
}

/** What one iteration of a run knows of itself. */
class RunState {
  iteration = 1;
  /** Milliseconds; when the body of the first iteration began. */
  startedAt = 0;
  log = new RunLog();
  /** The time that all iterations may take, and when it is over. */
  timeout: LogHeader['timeout'];
  /** Set when something has asked the run to stop. */
  ending: Ending | undefined;
  /** Calls made after the work was asked to stop. */
  refusals = 0;
  readonly activities = new RunningActivities();
  readonly children = { started: 0, ended: 0 };
  /** Of the run that this one goes on from. */
  earlier: EarlierCalls | undefined;

  /** Temporal drops a second cancel, and so do we: the first reason stands. A time-out gives way to an abort. */
  abort(cause: AbortCause): void {
    if (this.ending?.kind === 'ABORT') return;
    this.ending = { mode: 'GRACEFUL', ...this.ending, ...cause, kind: 'ABORT' };
  }

  timeOut(reason: string): void {
    this.ending ??= { kind: 'TIMEOUT', by: null, reason, mode: 'GRACEFUL' };
  }

  /** What became of the stopping. */
  note(how: Partial<Pick<Ending, 'mode' | 'cleanUp'>>): void {
    if (this.ending) this.ending = { ...this.ending, ...how };
  }
}

class RunningActivities {
  count = 0;
  /** Bytes of log that running activities may still settle. */
  reserved = 0;
  /** How many of each name. */
  readonly names = new Map<string, number>();

  begin(name: string, budget: number): void {
    this.#count(name, 1, budget);
  }

  end(name: string, budget: number): void {
    this.#count(name, -1, -budget);
  }

  #count(name: string, more: number, bytes: number): void {
    this.count += more;
    this.reserved += bytes;
    const running = (this.names.get(name) ?? 0) + more;
    if (running === 0) this.names.delete(name);
    else this.names.set(name, running);
  }
}

/** There is one copy for each run: the sandbox gives every run modules of its own. */
export const state = new RunState();

/** What a child run is told that is cancelled by this one. Never nothing: that is what Temporal says of a parent that is over. */
export const causeForChildren = (id: string): string =>
  toCause(state.ending ?? { by: null, reason: `Its parent ${id} stopped it.` });

export function toAbortDetails({ by, reason, mode, cleanUp }: Ending): AbortDetails {
  return {
    v: 1,
    by: by ?? '',
    reason: reason ?? '',
    mode,
    ...(cleanUp !== undefined && { cleanUp }),
  };
}
