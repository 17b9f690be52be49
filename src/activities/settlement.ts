import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/common';
import { LOG_SIGNAL } from '../contract/wire/messages.ts';
import { LOG_LIMITS, sizeOf } from '../contract/wire/run-log.ts';
import type { LogEntry, LogEnvelope } from '../contract/wire/run-log.ts';
import { GrpcCode } from '../tools/grpc-code.ts';
import type { PendingLines } from './pending-lines.ts';

/** How long an attempt that ends waits for its log to be recorded. */
const TIMEOUT = 10_000;
const CALL_TIMEOUT = 5_000;
const RETRY_AFTER = 1_000;

export interface SettlementOptions {
  readonly context: Context;
  readonly pending: PendingLines;
  /** Bytes that earlier attempts have settled. */
  readonly bytes: number;
  /** These lines with what else the run is to know; the last envelope has all that the attempt leaves. */
  readonly toEnvelope: (lines: readonly LogEntry[], last: boolean) => LogEnvelope;
  /** Some lines wait no more. */
  readonly onSettled: () => void;
}

/** How the lines of one attempt come into its run: by signals, while much waits and when the attempt ends. */
export class Settlement {
  readonly #options: SettlementOptions;
  readonly #pending: PendingLines;
  readonly #ending = new AbortController();
  #flushing: Promise<void> | undefined;
  #nextSignal = 0;
  /** The run takes no more signals. */
  #refused = false;
  /** Settled by this and earlier attempts. */
  bytes: number;

  constructor(options: SettlementOptions) {
    this.#options = options;
    this.#pending = options.pending;
    this.bytes = options.bytes;
  }

  #isOver(): boolean {
    return this.#ending.signal.aborted;
  }

  /** A line has come: much may wait now. */
  touch(): void {
    if (this.#pending.headBytes > LOG_LIMITS.flush)
      this.#flushing ??= this.#flush().finally(() => {
        this.#flushing = undefined;
      });
  }

  /** The attempt ends: nothing is sent any more but by `downTo`. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#flushing;
  }

  /** Sends until at most so many bytes wait. */
  async downTo(limit: number): Promise<void> {
    const deadline = Date.now() + TIMEOUT;
    while (this.#pending.bytes > limit && Date.now() < deadline) {
      const batch = this.#pending.oldest(LOG_LIMITS.batch);
      if (await this.#send(batch, bytesOf(batch) >= this.#pending.bytes)) continue;
      if (this.#refused) break;
      await sleep(RETRY_AFTER);
    }
    if (this.#pending.bytes > Math.max(limit, LOG_LIMITS.tail)) this.#pending.exhaust();
  }

  /** While the attempt goes on: signals until little is left, at most one a second unless much waits. */
  async #flush(): Promise<void> {
    while (this.#pending.headBytes > LOG_LIMITS.flush && !this.#isOver()) {
      if (this.#pending.headBytes < LOG_LIMITS.batch)
        await this.#pause(this.#nextSignal - Date.now());
      if (this.#isOver()) return;
      this.#nextSignal = Date.now() + LOG_LIMITS.signalGap;
      if (!(await this.#send(this.#pending.oldestOfHead(LOG_LIMITS.batch), false)))
        await this.#pause(RETRY_AFTER);
    }
  }

  /** Whether the run has taken these lines. */
  async #send(batch: readonly LogEntry[], last: boolean): Promise<boolean> {
    try {
      await signal(this.#options.context, this.#options.toEnvelope(batch, last));
    } catch (error) {
      // Anything else passes: the head waits, and its budget bounds what that holds.
      this.#refused = isFinal(error);
      if (this.#refused) this.#pending.exhaust();
      return false;
    }
    this.#pending.drop(batch);
    this.bytes += bytesOf(batch);
    this.#options.onSettled();
    return true;
  }

  async #pause(milliseconds: number): Promise<void> {
    if (milliseconds > 0)
      await sleep(milliseconds, undefined, { signal: this.#ending.signal }).catch(() => undefined);
  }
}

async function signal({ client, info }: Context, envelope: LogEnvelope): Promise<void> {
  if (!info.workflowExecution) throw new TypeError('The activity belongs to no workflow.');
  const { workflowId, runId } = info.workflowExecution;
  // An abort of the activity must not cut off the lines that tell of it.
  await client.withAbortSignal(new AbortController().signal, () =>
    client.withDeadline(Date.now() + CALL_TIMEOUT, () =>
      // By its run: a batch must never land in the next iteration.
      client.workflow.getHandle(workflowId, runId).signal(LOG_SIGNAL, envelope),
    ),
  );
}

/** The run is closed, or has taken all the signals that Temporal allows. */
function isFinal(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return true;
  const cause = error instanceof Error ? error.cause : undefined;
  return (
    typeof cause === 'object' &&
    cause !== null &&
    'code' in cause &&
    cause.code === GrpcCode.InvalidArgument
  );
}

const bytesOf = (batch: readonly LogEntry[]): number =>
  batch.reduce((sum, entry) => sum + sizeOf(entry), 0);
