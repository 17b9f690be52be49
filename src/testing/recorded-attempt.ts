import type { Context } from '@temporalio/activity';
import { Attempt } from '../activities/attempt.ts';
import { toWireLine } from '../activities/to-wire-line.ts';
import type { LogLevel } from '../contract/wire/run-log.ts';
import type { Progress } from '../contract/task-run.ts';

export interface ActivityCheckpoint {
  /** 1 for the first. */
  readonly number: number;
  /** Undefined for a checkpoint without one. */
  readonly state: unknown;
}

export interface ActivityLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly data: unknown;
}

/** An attempt that keeps what it is told instead of sending it. */
export class RecordedAttempt extends Attempt {
  readonly lines: ActivityLine[] = [];
  readonly reports: Progress[] = [];
  readonly checkpoints: ActivityCheckpoint[] = [];
  readonly #onCheckpoint: (checkpoint: ActivityCheckpoint) => void;
  #given: unknown;

  constructor(context: Context, onCheckpoint: (checkpoint: ActivityCheckpoint) => void) {
    super(context, undefined);
    this.#onCheckpoint = onCheckpoint;
  }

  override log(level: LogLevel, message: string, data?: unknown): void {
    // As it would be stored: cut, and without what JSON cannot hold.
    const { m, d = null } = toWireLine(this.lines.length + 1, level, message, data);
    this.lines.push({ level, message: m, data: d });
  }

  override progress(progress: Progress): void {
    this.reports.push(progress);
  }

  override keep(state: unknown): void {
    super.keep(state);
    this.#given = this.state;
  }

  /** A checkpoint ends with this. */
  override async throwIfAborted(): Promise<void> {
    const checkpoint = { number: this.checkpoints.length + 1, state: this.#given };
    this.#given = undefined;
    this.checkpoints.push(checkpoint);
    this.#onCheckpoint(checkpoint);
    await super.throwIfAborted();
  }
}
