import { entry } from '../contract/rules/to-timeline.ts';
import type { Step } from '../contract/task-run.ts';
import type { TimelineEntry, TimelineFailure, TimelineOutcome } from '../contract/timeline.ts';

interface AttemptEnd {
  readonly outcome: TimelineOutcome;
  readonly at: Date;
  readonly failure?: TimelineFailure | null;
}

/** The attempts that a test showed of a run, by what it said of its steps. */
export class FakeAttempts {
  readonly #entries: TimelineEntry[] = [];

  get entries(): readonly TimelineEntry[] {
    return this.#entries;
  }

  note({ name, attempt, state, lastFailure }: Step, iteration: number, at: Date): void {
    const last = this.#entries.findLast((one) => one.name === name);
    const failure = { code: 'Error', message: lastFailure ?? 'It failed' };
    if (state === 'BACKING_OFF') return this.end(name, { outcome: 'FAILED', at, failure });
    if (state === 'PAUSED') return this.end(name, { outcome: 'PAUSED', at });
    if (state === 'SCHEDULED') return;
    if (last?.attempt === attempt && last.iteration === iteration) {
      this.#reopen(last);
      return;
    }
    this.end(name, { outcome: 'FAILED', at, failure });
    this.#entries.push(
      entry({
        id: `${iteration}/${name}/${attempt}`,
        kind: 'ATTEMPT',
        name,
        iteration,
        attempt,
        startedAt: at,
        worker: '1@localhost',
      }),
    );
  }

  end(name: string, end: AttemptEnd): void {
    this.#close((one) => one.name === name, end);
  }

  endAll(end: AttemptEnd): void {
    this.#close(() => true, end);
  }

  /** It goes on after a pause. */
  #reopen(one: TimelineEntry): void {
    this.#entries[this.#entries.indexOf(one)] = { ...one, endedAt: null, outcome: null };
  }

  #close(
    which: (entry: TimelineEntry) => boolean,
    { outcome, at: endedAt, failure = null }: AttemptEnd,
  ): void {
    for (const [index, one] of this.#entries.entries())
      if (one.endedAt === null && which(one))
        this.#entries[index] = { ...one, endedAt, outcome, failure };
  }
}
