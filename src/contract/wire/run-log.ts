import { utf8Length } from '../../tools/utf8-length.ts';
import { activityOf } from './log-source.ts';

/**
 * The run log's protocol and its one reducer. The same class runs in the workflow (fed by signals and activity
 * results) and in the reader (fed by raw history), so the two cannot disagree.
 */
export const LogLevel = {
  Debug: 'DEBUG',
  Info: 'INFO',
  Warn: 'WARN',
  Error: 'ERROR',
} as const;
export type LogLevel = (typeof LogLevel)[keyof typeof LogLevel];

/** What happened, of the lines that Waymark writes itself: steps by their attempts, all else by the run. */
export const RunEvent = {
  Triggered: 'TRIGGERED',
  Delayed: 'DELAYED',
  AttemptStarted: 'ATTEMPT_STARTED',
  AttemptFailed: 'ATTEMPT_FAILED',
  /** By its worker, which shut down. */
  AttemptInterrupted: 'ATTEMPT_INTERRUPTED',
  /** By an operator, in Temporal. */
  AttemptPaused: 'ATTEMPT_PAUSED',
  AttemptReset: 'ATTEMPT_RESET',
  /** Because the run was asked to stop. */
  AttemptStopped: 'ATTEMPT_STOPPED',
  AbortRequested: 'ABORT_REQUESTED',
  Succeeded: 'SUCCEEDED',
  Failed: 'FAILED',
  Aborted: 'ABORTED',
} as const;
export type RunEvent = (typeof RunEvent)[keyof typeof RunEvent];

/** Bytes and milliseconds; measured, see docs/guarantees.md. */
export const LOG_LIMITS = {
  /** In heartbeat details: 8 MiB of them over all running activities would end the run. */
  ring: 32 * 1024,
  /** Un-settled bytes that make a signal. */
  flush: 24 * 1024,
  batch: 256 * 1024,
  signalGap: 1000,
  /** Settled per activity; beyond it the head is kept and a tail keeps rolling. */
  activity: 4 * 1024 * 1024,
  run: 16 * 1024 * 1024,
  tail: 32 * 1024,
  message: 8 * 1024,
  data: 8 * 1024,
  page: 256 * 1024,
  carry: 256 * 1024,
} as const;

/** One line on the wire: `n` counts 1, 2, 3… without gaps in its source. A marker with `dropped` stands for the lines n-dropped+1…n. */
export interface WireLine {
  readonly n: number;
  /** Milliseconds since the epoch, the worker's clock. */
  readonly t: number;
  readonly l: LogLevel;
  readonly m: string;
  readonly d?: unknown;
  /** Only on lines that no task wrote, and on none that is older than the codes. */
  readonly e?: RunEvent;
  readonly dropped?: number;
}

/** Lines of one source, as `toSource` writes it. (src, n) is a line's identity. */
export interface Segment {
  readonly src: string;
  /** The activity's name. */
  readonly step: string;
  readonly lines: readonly WireLine[];
}

export interface Progress {
  readonly done: number;
  readonly total: number | null;
  readonly message: string | null;
}

/** What heartbeats, results and signals carry. */
export interface LogEnvelope {
  readonly v: 1;
  readonly segs: readonly Segment[];
  /** Of the activity `src` names. */
  readonly progress?: Progress;
  /** The last checkpoint's state. */
  readonly state?: unknown;
  /** The sending attempt's source. */
  readonly src: string;
  /** The activity has ended: its progress stays, until another one reports. */
  readonly ended?: boolean;
  /** Bytes settled by this activity's attempts so far; the next attempt's budget is so much smaller. */
  readonly spent?: number;
}

export interface LogEntry extends WireLine {
  readonly src: string;
  readonly step: string;
}

export interface CarriedLog {
  readonly base: number;
  readonly entries: readonly LogEntry[];
  readonly settled: number;
}

export const isEnvelope = (value: unknown): value is LogEnvelope =>
  typeof value === 'object' &&
  value !== null &&
  'v' in value &&
  value.v === 1 &&
  'segs' in value &&
  Array.isArray(value.segs);

/** About the bytes of a line as JSON. */
export function sizeOf(line: WireLine): number {
  let size = SIZES.get(line);
  if (size === undefined) {
    size =
      60 + utf8Length(line.m) + (line.d === undefined ? 0 : utf8Length(JSON.stringify(line.d)));
    SIZES.set(line, size);
  }
  return size;
}
const SIZES = new WeakMap<WireLine, number>();

export interface LogPageRequest {
  readonly after?: number;
  readonly limitBytes?: number;
}
export interface WireLogPage {
  readonly entries: readonly LogEntry[];
  readonly next: number;
  readonly more: boolean;
  /** Lines between `after` and the first one here that the run no longer holds. */
  readonly skipped: number;
}

export const isWirePage = (value: unknown): value is WireLogPage =>
  typeof value === 'object' && value !== null && 'entries' in value && Array.isArray(value.entries);

/** The settled log of a run: append-only, a line's offset never changes. */
export class RunLog {
  #entries: LogEntry[] = [];
  #base = 0;
  /** Bytes ever settled, over all iterations. */
  settled = 0;
  #highWater: Record<string, number> = {};
  #progress = new Map<string, { progress: Progress; ended: boolean }>();

  constructor(carried?: CarriedLog) {
    if (!carried) return;
    this.#base = carried.base;
    this.#entries = [...carried.entries];
    this.settled = carried.settled;
  }

  /** The offset that the next line will get. */
  get next(): number {
    return this.#base + this.#entries.length;
  }

  /** The sum over the activities that reported last. */
  get progress(): Progress | null {
    return sumProgress([...this.#progress.values()].map(({ progress }) => progress));
  }

  /** Takes in what is new of an envelope; anything else than an envelope is ignored. */
  apply(envelope: unknown): void {
    if (!isEnvelope(envelope)) return;
    for (const { src, step, lines } of envelope.segs)
      for (const line of lines) {
        if (line.n <= (this.#highWater[src] ?? 0)) continue;
        this.#highWater[src] = line.n;
        this.#entries.push({ ...line, src, step });
        this.settled += sizeOf(line);
      }
    this.#report(envelope);
  }

  #report({ src, progress, ended = false }: LogEnvelope): void {
    const activity = activityOf(src);
    if (progress) {
      // Another step has begun after all others ended: the old numbers are of the past.
      if (!this.#progress.has(activity) && [...this.#progress.values()].every((one) => one.ended))
        this.#progress.clear();
      this.#progress.set(activity, { progress, ended });
    } else {
      const known = this.#progress.get(activity);
      if (known) known.ended = ended;
    }
  }

  page({ after = 0, limitBytes = LOG_LIMITS.page }: LogPageRequest = {}): WireLogPage {
    const from = Math.max(after, this.#base);
    let index = from - this.#base;
    const entries: LogEntry[] = [];
    for (let size = 0; index < this.#entries.length && size < limitBytes; index++) {
      const entry = this.#entries[index];
      if (!entry) break;
      entries.push(entry);
      size += sizeOf(entry);
    }
    return {
      entries,
      next: Math.max(after, this.#base + index),
      more: index < this.#entries.length,
      skipped: from - after,
    };
  }

  /** What the next iteration starts with. No high-water marks: every source belongs to one iteration. */
  carry(): CarriedLog {
    let from = this.#entries.length;
    for (let size = 0; from > 0; from--) {
      const entry = this.#entries[from - 1];
      if (!entry || (size += sizeOf(entry)) > LOG_LIMITS.carry) break;
    }
    return {
      base: this.#base + from,
      entries: this.#entries.slice(from),
      settled: this.settled,
    };
  }
}

/** Totals add up only when every part has one. */
export function sumProgress(parts: readonly Progress[]): Progress | null {
  const [first] = parts;
  if (!first) return null;
  if (parts.length === 1) return first;
  return {
    done: parts.reduce((sum, { done }) => sum + done, 0),
    total: parts.reduce<number | null>(
      (sum, { total }) => (sum === null || total === null ? null : sum + total),
      0,
    ),
    message: parts.findLast(({ message }) => message !== null)?.message ?? null,
  };
}

/** A line as readers see it. */
export interface LogLine {
  /** The activity, or null for a line of the run's life: triggered, abort requested, done. */
  readonly step: string | null;
  readonly attempt: number | null;
  readonly iteration: number;
  /** `(source, n)` names this line for ever; lifecycle lines have the source `run`, after a reset `run@<mark>`. */
  readonly source: string;
  readonly n: number;
  readonly time: Date;
  readonly level: LogLevel;
  /** What it tells of, for programs; null for what a task wrote itself. */
  readonly event: RunEvent | null;
  readonly message: string;
  readonly data: unknown;
  /** Lines that this marker stands for; 0 for a real line. */
  readonly dropped: number;
}

const EVENTS: ReadonlySet<unknown> = new Set(Object.values(RunEvent));

export function toLogLine({ src, step, n, t, l, m, d, e, dropped = 0 }: LogEntry): LogLine {
  const [iteration, , attempt] = src.split('/').map(Number);
  return {
    step,
    attempt: attempt ?? null,
    iteration: iteration ?? 1,
    source: src,
    n,
    time: new Date(t),
    level: l,
    // A worker may be newer than its reader.
    event: e !== undefined && EVENTS.has(e) ? e : null,
    message: m || (dropped > 0 ? `${dropped} lines were dropped` : m),
    data: d ?? null,
    dropped,
  };
}
