import { LOG_LIMITS, sizeOf } from '../contract/wire/run-log.ts';
import type { LogEntry, Segment, WireLine } from '../contract/wire/run-log.ts';

/**
 * Lines that the run does not have yet, oldest first. The head is what the budget allows to settle; beyond it only
 * the newest lines are kept, behind a marker for each source that counts what was dropped.
 */
export class PendingLines {
  #entries: LogEntry[] = [];
  #bytes = 0;
  #headCount = 0;
  #headBytes = 0;
  #free: number;

  constructor(budget: number) {
    this.#free = budget;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get headBytes(): number {
    return this.#headBytes;
  }

  add(entry: LogEntry): void {
    const size = sizeOf(entry);
    const onlyHead = this.#headCount === this.#entries.length;
    this.#entries.push(entry);
    this.#bytes += size;
    if (onlyHead && size <= this.#free) {
      this.#headCount++;
      this.#headBytes += size;
      this.#free -= size;
    } else if (this.#bytes - this.#headBytes > 2 * LOG_LIMITS.tail) {
      // Not at each line: dropping them one by one would move the whole tail each time.
      this.trim();
    }
  }

  /** The oldest lines, as many as fit; at least one if there is any. */
  oldest(limit: number): readonly LogEntry[] {
    return this.#entries.slice(0, countWithin(this.#entries, limit));
  }

  /** The same of the head alone, which no new line changes. */
  oldestOfHead(limit: number): readonly LogEntry[] {
    return this.oldest(limit).slice(0, this.#headCount);
  }

  /** The run has these, which are the oldest. */
  drop(settled: readonly LogEntry[]): void {
    this.#headBytes -= bytesOf(settled.slice(0, this.#headCount));
    this.#headCount = Math.max(0, this.#headCount - settled.length);
    this.#bytes -= bytesOf(settled);
    this.#entries.splice(0, settled.length);
  }

  /** Nothing more can be settled: all that waits is tail from now on. */
  exhaust(): void {
    this.#free = 0;
    this.#headCount = 0;
    this.#headBytes = 0;
    this.trim();
  }

  /** Drops the oldest of the tail until it is within its limit. */
  trim(): void {
    const tail = this.#entries.slice(this.#headCount);
    const markers = new Map<string, LogEntry>();
    let bytes = this.#bytes - this.#headBytes;
    let count = 0;
    for (const entry of tail) {
      if (bytes <= LOG_LIMITS.tail) break;
      bytes -= sizeOf(entry);
      count++;
      const dropped = (markers.get(entry.src)?.dropped ?? 0) + (entry.dropped ?? 1);
      markers.set(entry.src, marker(entry, dropped));
    }
    if (count === 0) return;
    this.#entries.splice(this.#headCount, count, ...markers.values());
    this.#bytes = this.#headBytes + bytes + bytesOf([...markers.values()]);
  }
}

/** Stands for the `dropped` lines of its source up to and with this one. */
const marker = ({ src, step, n, t }: LogEntry, dropped: number): LogEntry => ({
  src,
  step,
  n,
  t,
  l: 'WARN',
  m: '',
  dropped,
});

function countWithin(entries: readonly LogEntry[], limit: number): number {
  let size = 0;
  const end = entries.findIndex((entry) => (size += sizeOf(entry)) > limit);
  // A line that alone is larger must leave all the same.
  return end === -1 ? entries.length : Math.max(1, end);
}

const bytesOf = (entries: readonly LogEntry[]): number =>
  entries.reduce((sum, entry) => sum + sizeOf(entry), 0);

/** Lines of one source that follow each other travel together. */
export function toSegments(entries: readonly LogEntry[]): readonly Segment[] {
  const segments: { src: string; step: string; lines: WireLine[] }[] = [];
  for (const { src, step, ...line } of entries) {
    const last = segments.at(-1);
    if (last?.src === src) last.lines.push(line);
    else segments.push({ src, step, lines: [line] });
  }
  return segments;
}
