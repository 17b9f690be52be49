import { sizeOf, toLogLine } from '../../contract/wire/run-log.ts';
import type { LogEntry, WireLogPage } from '../../contract/wire/run-log.ts';
import type { LogEvent } from '../../contract/tasks.ts';
import type { LifeLine } from './lifecycle.ts';
import { byTime } from './live-lines.ts';
import { MOST_AHEAD, toCursor } from './log-position.ts';
import type { LogPosition, SourcePosition } from './log-position.ts';

/** What is known of one link of a run when a reader looks at it. */
export interface LinkView {
  /** Settled lines, asked for from exactly the reader's offset on. */
  readonly page: WireLogPage;
  /** Lines that are not settled, each source in order. Nobody gets them before all settled ones. */
  readonly live: readonly LogEntry[];
  /** Sources that may still speak. */
  readonly running: ReadonlySet<string>;
  readonly life: readonly LifeLine[];
  /** Nothing will be added to this link. */
  readonly over: boolean;
}

export type LineEvent = Extract<LogEvent, { type: 'LINE' }>;

export interface LogBatch {
  readonly lines: readonly LineEvent[];
  /** Behind the last line looked at. */
  readonly position: LogPosition;
  readonly cursor: string;
  /** `MORE` can be read at once, or `WAIT` for the run, or the link is `OVER`. */
  readonly onward: 'MORE' | 'WAIT' | 'OVER';
}

/** Bounds what a reader holds: bytes of lines and their cursors. */
export const BATCH_BYTES = 128 * 1024;
const BATCH_LINES = 500;

/**
 * The lines that follow a position, and where they end. Each line once, each source in order and without a gap.
 *
 * Activities A and B write A1 B1 A2 B2 A3, in this order of time; a reader begins at offset 0.
 *
 * 1. Nothing is settled, heartbeats have A1 A2 and B1. It is given A1 B1 A2. The offset is still 0, and the position says
 *    that it is ahead of it: A by 2 lines, B by 1.
 * 2. A ends, and its block A1 A2 A3 settles as offsets 0 to 2; a heartbeat has B1 B2. Of the block it is given A3 alone,
 *    of the heartbeat B2 alone. The offset is 3, which covers all of A: only B, 2 lines ahead, is in the position.
 * 3. B ends, and B1 B2 settle as offsets 3 and 4. Nothing is new; the offset is 5, and no source is ahead.
 *
 * Whoever comes later reads both blocks at once: A1 A2 A3 B1 B2 as they settled, told by time as A1 B1 A2 B2 A3. After B1
 * the offset is 1 and B is 1 line ahead: from that cursor come A2 B2 A3, as for the reader who was there.
 */
export function readOn(id: string, from: LogPosition, view: LinkView): LogBatch {
  const { page, live, over } = view;
  const walk = new Walk(id, from, view);
  walk.skip(page.skipped);
  let cut = false;
  for (const entry of inTimeOrder(page.entries)) {
    if ((cut = walk.full)) break;
    walk.lifeUntil(entry.t);
    walk.settled(entry);
  }
  if (cut || page.more) return walk.batch(cut || page.entries.length > 0 ? 'MORE' : 'WAIT');
  for (const entry of live) {
    if ((cut = walk.full)) break;
    walk.lifeUntil(entry.t);
    walk.live(entry);
  }
  if (cut) return walk.batch('MORE');
  walk.lifeUntil(Infinity);
  return walk.batch(over ? 'OVER' : 'WAIT');
}

/**
 * Settled lines come in blocks, as activities settle them. Within what is read at once they are told as a live reader
 * sees them, unless a position could not say how far each of so many sources was told.
 */
function inTimeOrder(entries: readonly LogEntry[]): readonly LogEntry[] {
  const sources = new Set(entries.map(({ src }) => src)).size;
  return sources === 1 || sources > MOST_AHEAD / 2 ? entries : byTime(entries);
}

class Walk {
  readonly #id: string;
  readonly #view: LinkView;
  readonly #link: string;
  readonly #lines: LineEvent[] = [];
  readonly #sources: Map<string, SourcePosition>;
  readonly #touched = new Set<string>();
  /** Sources whose next line is on its way by a signal. */
  readonly #held = new Set<string>();
  /** Settled lines that were passed before others of a smaller offset. */
  readonly #passed = new Set<LogEntry>();
  /** How many settled lines of the view the offset covers. */
  #covered = 0;
  #offset: number;
  #life: number;
  #dropped: number;
  #ahead: number;
  #bytes = 0;

  constructor(id: string, from: LogPosition, view: LinkView) {
    this.#id = id;
    this.#view = view;
    this.#link = from.link;
    this.#offset = from.offset;
    this.#life = from.life;
    this.#dropped = from.dropped;
    this.#sources = new Map(from.sources);
    this.#ahead = [...from.sources.values()].filter(isAhead).length;
  }

  get full(): boolean {
    return this.#lines.length >= BATCH_LINES || this.#bytes >= BATCH_BYTES;
  }

  /** Passes lines that the run no longer holds. */
  skip(lines: number): void {
    this.#offset += lines;
    this.#dropped += lines;
  }

  settled(entry: LogEntry): void {
    const { src, n } = entry;
    const { n: reached, settled } = this.#sources.get(src) ?? { n: 0, settled: 0 };
    this.#move(src, { n: Math.max(reached, n), settled });
    this.#passed.add(entry);
    this.#cover();
    if (n > reached) this.#hand(entry, reached);
  }

  /** The offset follows, over all lines without a gap that were passed. */
  #cover(): void {
    const { entries } = this.#view.page;
    for (let entry = entries[this.#covered]; entry && this.#passed.delete(entry);) {
      const { n } = this.#sources.get(entry.src) ?? entry;
      this.#move(entry.src, { n, settled: entry.n });
      this.#offset++;
      entry = entries[++this.#covered];
    }
  }

  live(entry: LogEntry): void {
    const { src, n, dropped = 1 } = entry;
    const known = this.#sources.get(src);
    const { n: reached, settled } = known ?? { n: 0, settled: 0 };
    if (n <= reached || this.#held.has(src)) return;
    const gap = n - dropped > reached;
    const crowded = this.#ahead >= MOST_AHEAD && !(known && isAhead(known));
    if (gap || crowded) {
      this.#held.add(src);
      return;
    }
    this.#move(src, { n, settled });
    this.#hand(entry, reached);
  }

  /** The run's own lines up to a time. Its opening comes first and its end last, whatever the clocks say. */
  lifeUntil(time: number): void {
    for (const { line, at } of this.#view.life) {
      if (line.n <= this.#life || at > time) continue;
      if (at === Infinity && !this.#view.over) continue;
      this.#life = line.n;
      this.#add(line, 0);
    }
  }

  batch(onward: LogBatch['onward']): LogBatch {
    const { running } = this.#view;
    // What was touched just now may belong to an activity younger than the view.
    for (const [source, position] of this.#sources)
      if (!isAhead(position) && !running.has(source) && !this.#touched.has(source))
        this.#sources.delete(source);
    return { lines: this.#lines, position: this.#position, cursor: this.#cursor(), onward };
  }

  #move(source: string, position: SourcePosition): void {
    const known = this.#sources.get(source);
    this.#ahead += Number(isAhead(position)) - Number(known !== undefined && isAhead(known));
    this.#touched.add(source);
    this.#sources.set(source, position);
  }

  #hand(entry: LogEntry, reached: number): void {
    // A viewer may have seen live a part of what was dropped later.
    const dropped = entry.dropped && Math.min(entry.dropped, entry.n - reached);
    this.#dropped += dropped ?? 0;
    this.#add(toLogLine(dropped ? { ...entry, dropped } : entry), sizeOf(entry));
  }

  #add(line: LineEvent['line'], size: number): void {
    const cursor = this.#cursor();
    this.#bytes += size + cursor.length;
    this.#lines.push({ type: 'LINE', line, cursor });
  }

  #cursor(): string {
    return toCursor(this.#id, this.#position, this.#view.running);
  }

  get #position(): LogPosition {
    return {
      link: this.#link,
      offset: this.#offset,
      life: this.#life,
      dropped: this.#dropped,
      sources: this.#sources,
    };
  }
}

const isAhead = ({ n, settled }: SourcePosition): boolean => n > settled;
