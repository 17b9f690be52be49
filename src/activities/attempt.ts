import { ApplicationFailure } from '@temporalio/activity';
import type { Context } from '@temporalio/activity';
import type { LogHeader } from '../contract/wire/messages.ts';
import { fit } from '../contract/wire/payload-limit.ts';
import { markOf, toSource } from '../contract/wire/log-source.ts';
import { LOG_LIMITS, isEnvelope } from '../contract/wire/run-log.ts';
import type { LogEntry, LogEnvelope, LogLevel, RunEvent } from '../contract/wire/run-log.ts';
import type { Progress } from '../contract/task-run.ts';
import { ActivityAbort } from './activity-abort.ts';
import { Heart } from './heart.ts';
import { PendingLines, toSegments } from './pending-lines.ts';
import { Settlement } from './settlement.ts';
import { stopCause } from './stop-cause.ts';
import { toWireLine } from './to-wire-line.ts';

/** State rides in every heartbeat, and Temporal ends a run that holds 8 MiB of them. */
const STATE_LIMIT = 64 * 1024;
/** What the heartbeats of all running activities of a run may carry together. */
const ALL_HEARTBEATS = 1024 * 1024;

/** One attempt of one activity: its lines, progress and state, and how they reach the run. */
export class Attempt {
  readonly context: Context;
  readonly #header: LogHeader | undefined;
  readonly #src: string;
  readonly #step: string;
  readonly #pending: PendingLines;
  readonly #settlement: Settlement;
  readonly #heart: Heart;
  readonly #stop = new AbortController();
  #abort: Promise<ActivityAbort> | undefined;
  #over = false;
  #lines = 0;
  #progress: Progress | undefined;
  #state: unknown;

  /**
   * Without a header the caller is no workflow of ours, and nobody would take a signal or an envelope. `resumed` is the
   * state that an earlier run ended with.
   */
  constructor(context: Context, header: LogHeader | undefined, resumed?: unknown) {
    const { activityId, activityType, attempt, isLocal } = context.info;
    const { iteration = 1, budget = 0, parallel = 1 } = header ?? {};
    const before = lastHeartbeatOf(context);
    const spent = before?.spent ?? 0;
    this.context = context;
    this.#header = header;
    this.#src = toSource({ iteration, activityId, attempt, mark: markFor(context, header) });
    this.#step = activityType;
    this.#progress = before?.progress;
    this.#state = before?.state ?? resumed;
    this.#pending = new PendingLines(Math.max(0, budget - spent));
    // Lines of an attempt that died before it could settle them.
    for (const { src, step, lines } of before?.segs ?? [])
      for (const line of lines) this.#pending.add({ ...line, src, step });
    this.#settlement = new Settlement({
      context,
      pending: this.#pending,
      bytes: spent,
      toEnvelope: (lines, last) => this.#toEnvelope(lines, last),
      onSettled: () => this.#heart.touch(),
    });
    const room = Math.min(LOG_LIMITS.ring, Math.floor(ALL_HEARTBEATS / Math.max(1, parallel)));
    // A local activity has no heartbeat: it runs within a workflow task.
    this.#heart = new Heart(() => {
      if (!isLocal) context.heartbeat(this.#envelope(room));
    });
    const { cancellationSignal } = context;
    cancellationSignal.addEventListener('abort', () => void this.abort(), { once: true });
    void this.abort();
  }

  /** The state of the last checkpoint, this attempt's or an earlier one's. */
  get state(): unknown {
    return this.#state;
  }

  /** Fires when a checkpoint would throw, with the same reason. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /**
   * Why it has to stop: the run was aborted, the worker shuts down, or Temporal has given this attempt up. Undefined
   * when it may go on.
   */
  async abort(): Promise<ActivityAbort | undefined> {
    if (!this.context.cancellationSignal.aborted) return undefined;
    this.#abort ??= this.#askWhy();
    return this.#abort;
  }

  async #askWhy(): Promise<ActivityAbort> {
    const abort = new ActivityAbort(await stopCause(this.context, this.#header?.timeout));
    this.#stop.abort(abort);
    return abort;
  }

  async throwIfAborted(): Promise<void> {
    const abort = await this.abort();
    if (abort) throw abort;
  }

  /** With an event it is a line of the attempt's own life. */
  log(level: LogLevel, message: string, data?: unknown, event?: RunEvent): void {
    // A promise that nobody awaited outlives its attempt: its lines have no way into the run any more.
    if (this.#over) return;
    const line = toWireLine(++this.#lines, level, message, data, event);
    this.#pending.add({ ...line, src: this.#src, step: this.#step });
    this.#heart.touch();
    if (this.#header) this.#settlement.touch();
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
    await this.abandon();
    await this.#settlement.downTo(room);
    return { ...this.#envelope(Infinity), ended: true };
  }

  /** Ends by an error: all of the log and the last state into the run, whoever comes next. */
  async settle(): Promise<void> {
    await this.abandon();
    if (this.#header) await this.#settlement.downTo(0);
    // Without what was settled, and with what the next attempt goes on from.
    if (this.#heart.beaten || this.#state !== undefined || this.#progress) this.#heart.beat();
  }

  /** Ends unheard: Temporal has given this attempt up. */
  async abandon(): Promise<void> {
    this.#over = true;
    this.#heart.stop();
    await this.#settlement.stop();
    this.#pending.trim();
  }

  /** The oldest lines, so that live ones always follow the settled ones without a gap. */
  #envelope(limit: number): LogEnvelope {
    const { bytes } = this.#settlement;
    return {
      ...this.#toEnvelope(this.#pending.oldest(limit), false),
      ...this.#kept(),
      ...(bytes > 0 && { spent: bytes }),
    };
  }

  #toEnvelope(lines: readonly LogEntry[], last: boolean): LogEnvelope {
    return {
      v: 1,
      src: this.#src,
      ...(this.#progress && { progress: this.#progress }),
      segs: toSegments(lines),
      // Here the state comes into the run's history, for whoever goes on from how this run ended.
      ...(last && { ended: true, ...this.#kept() }),
    };
  }

  #kept(): Pick<LogEnvelope, 'state'> {
    return this.#state === undefined ? {} : { state: this.#state };
  }
}

/** An activity that was waiting at a reset still has the header of the execution before it. */
function markFor({ info }: Context, header: LogHeader | undefined): string | undefined {
  const own = markOf(info.workflowExecution?.runId ?? '');
  return header?.run === undefined || header.run === own ? header?.mark : own;
}

function lastHeartbeatOf({ info }: Context): LogEnvelope | undefined {
  const details: unknown = info.heartbeatDetails;
  return isEnvelope(details) ? details : undefined;
}

/** As it is now; whoever gave it may go on changing it. */
function copyOf(state: unknown): unknown {
  const { unfit } = fit('The state of a checkpoint', state, {
    limit: STATE_LIMIT,
    code: 'INVALID_CHECKPOINT',
    instead: 'keep where to go on, not the work itself',
  });
  if (unfit) throw ApplicationFailure.nonRetryable(unfit.message, unfit.code);
  // oxlint-disable-next-line typescript/no-unnecessary-condition -- a function has no JSON, whatever the types say
  return JSON.parse(JSON.stringify(state) ?? 'null');
}
