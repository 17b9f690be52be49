import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/activity';
import type { Context } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/common';
import { LOG_SIGNAL } from '../contract/wire/messages.ts';
import type { LogHeader } from '../contract/wire/messages.ts';
import { LOG_LIMITS, isEnvelope, sizeOf } from '../contract/wire/run-log.ts';
import type { LogEntry, LogEnvelope, LogLevel } from '../contract/wire/run-log.ts';
import type { Progress } from '../contract/task-run.ts';
import { GrpcCode } from '../tools/grpc-code.ts';
import { Heart } from './heart.ts';
import { PendingLines, toSegments } from './pending-lines.ts';
import { toWireLine } from './to-wire-line.ts';

/** State rides in every heartbeat, and Temporal ends a run that holds 8 MiB of them. */
const STATE_LIMIT = 64 * 1024;
/** What the heartbeats of all running activities of a run may carry together. */
const RINGS = 1024 * 1024;
/** How long an attempt that ends waits for its log to be recorded. */
const SETTLE_TIMEOUT = 10_000;
const CALL_TIMEOUT = 5_000;
const RETRY_AFTER = 1_000;

/** One attempt of one activity: its lines, progress and state, and how they reach the run. */
export class Attempt {
  readonly context: Context;
  readonly #src: string;
  readonly #step: string;
  readonly #settles: boolean;
  readonly #ring: number;
  readonly #pending: PendingLines;
  readonly #heart: Heart;
  readonly #ending = new AbortController();
  #lines = 0;
  /** Bytes settled by this and earlier attempts. */
  #spent: number;
  #progress: Progress | undefined;
  #state: unknown;
  #flushing: Promise<void> | undefined;
  #nextSignal = 0;
  /** The run takes no more signals. */
  #refused = false;

  /** Without a header the caller is no workflow of ours, and nobody would take a signal or an envelope. */
  constructor(context: Context, header: LogHeader | undefined) {
    const { activityId, activityType, attempt } = context.info;
    const { iteration = 1, budget = 0, parallel = 1 } = header ?? {};
    const before = lastHeartbeatOf(context);
    this.context = context;
    this.#src = `${iteration}/${activityId}/${attempt}`;
    this.#step = activityType;
    this.#settles = header !== undefined;
    this.#ring = Math.min(LOG_LIMITS.ring, Math.floor(RINGS / Math.max(1, parallel)));
    this.#spent = before?.spent ?? 0;
    this.#progress = before?.progress;
    this.#state = before?.state;
    this.#pending = new PendingLines(Math.max(0, budget - this.#spent));
    // Lines of an attempt that died before it could settle them.
    for (const { src, step, lines } of before?.segs ?? [])
      for (const line of lines) this.#pending.add({ ...line, src, step });
    // A local activity has no heartbeat: it runs within a workflow task.
    this.#heart = new Heart(() => {
      if (!context.info.isLocal) context.heartbeat(this.#envelope(this.#ring));
    });
  }

  /** The state of the last checkpoint, this attempt's or an earlier one's. */
  get state(): unknown {
    return this.#state;
  }

  /** Throws when the run was aborted, the worker shuts down, or Temporal has given this attempt up. */
  throwIfAborted(): void {
    const { cancellationSignal } = this.context;
    if (cancellationSignal.aborted) throw cancellationSignal.reason;
  }

  #isOver(): boolean {
    return this.#ending.signal.aborted;
  }

  log(level: LogLevel, message: string, data?: unknown): void {
    // A promise that nobody awaited outlives its attempt: its lines have no way into the run any more.
    if (this.#isOver()) return;
    const line = toWireLine(++this.#lines, level, message, data);
    this.#pending.add({ ...line, src: this.#src, step: this.#step });
    this.#heart.touch();
    if (this.#settles && this.#pending.headBytes > LOG_LIMITS.flush)
      this.#flushing ??= this.#flush().finally(() => {
        this.#flushing = undefined;
      });
  }

  progress(progress: Progress): void {
    this.#progress = progress;
    this.#heart.touch();
  }

  /** What the next attempt begins with. */
  keep(state: unknown): void {
    this.#state = copyOf(state);
    this.#heart.touch();
  }

  /** Ends well: the rest of the log, at most `room` bytes of it, to leave with the result. */
  async end(room: number): Promise<LogEnvelope> {
    await this.#stop();
    await this.#settleDownTo(room);
    return { ...this.#envelope(Infinity), ended: true };
  }

  /** Ends by an error: all of the log into the run, whoever comes next. */
  async settle(): Promise<void> {
    await this.#stop();
    if (this.#settles) await this.#settleDownTo(0);
    // Without what was settled, and with what the next attempt goes on from.
    if (this.#heart.beaten || this.#state !== undefined || this.#progress) this.#heart.beat();
  }

  /** Ends unheard: Temporal has given this attempt up. */
  abandon(): Promise<void> {
    return this.#stop();
  }

  async #stop(): Promise<void> {
    this.#ending.abort();
    this.#heart.stop();
    await this.#flushing;
    this.#pending.trim();
  }

  async #settleDownTo(limit: number): Promise<void> {
    const deadline = Date.now() + SETTLE_TIMEOUT;
    while (this.#pending.bytes > limit && Date.now() < deadline) {
      const batch = this.#pending.oldest(LOG_LIMITS.batch);
      const ended = batch.reduce((sum, entry) => sum + sizeOf(entry), 0) >= this.#pending.bytes;
      if (await this.#send(batch, ended)) continue;
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
  async #send(batch: readonly LogEntry[], ended: boolean): Promise<boolean> {
    try {
      await this.#signal({ ...this.#header(), segs: toSegments(batch), ...(ended && { ended }) });
    } catch (error) {
      // Anything else passes: the head waits, and its budget bounds what that holds.
      this.#refused = isFinal(error);
      if (this.#refused) this.#pending.exhaust();
      return false;
    }
    this.#pending.drop(batch);
    this.#spent += batch.reduce((sum, entry) => sum + sizeOf(entry), 0);
    this.#heart.touch();
    return true;
  }

  async #signal(envelope: LogEnvelope): Promise<void> {
    const { client, info } = this.context;
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

  /** The oldest lines, so that live ones always follow the settled ones without a gap. */
  #envelope(limit: number): LogEnvelope {
    return {
      ...this.#header(),
      segs: toSegments(this.#pending.oldest(limit)),
      ...(this.#state !== undefined && { state: this.#state }),
      ...(this.#spent > 0 && { spent: this.#spent }),
    };
  }

  #header(): Pick<LogEnvelope, 'v' | 'src' | 'progress'> {
    return { v: 1, src: this.#src, ...(this.#progress && { progress: this.#progress }) };
  }

  async #pause(milliseconds: number): Promise<void> {
    if (milliseconds > 0)
      await sleep(milliseconds, undefined, { signal: this.#ending.signal }).catch(() => undefined);
  }
}

function lastHeartbeatOf({ info }: Context): LogEnvelope | undefined {
  const details: unknown = info.heartbeatDetails;
  return isEnvelope(details) ? details : undefined;
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

/** As it is now; whoever gave it may go on changing it. */
function copyOf(state: unknown): unknown {
  let json: string;
  try {
    // oxlint-disable-next-line typescript/no-unnecessary-condition -- a function has no JSON, whatever the types say
    json = JSON.stringify(state) ?? 'null';
  } catch (error) {
    throw ApplicationFailure.nonRetryable(
      `The state of a checkpoint cannot be written as JSON: ${error instanceof Error ? error.message : String(error)}`,
      'INVALID_CHECKPOINT',
    );
  }
  const bytes = Buffer.byteLength(json);
  if (bytes > STATE_LIMIT)
    throw ApplicationFailure.nonRetryable(
      `The state of a checkpoint may have ${STATE_LIMIT} bytes as JSON, and has ${bytes}: keep where to go on, not the work itself.`,
      'PAYLOAD_TOO_LARGE',
    );
  return JSON.parse(json);
}
