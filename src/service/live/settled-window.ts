import { sizeOf } from '../../contract/wire/run-log.ts';
import type { LogEntry, WireLogPage } from '../../contract/wire/run-log.ts';

/** The newest settled lines of a run, shared by all its viewers: bounded, so a slow viewer falls out of it. */
export class SettledWindow {
  readonly #limit: number;
  #entries: LogEntry[] = [];
  #base: number;
  #bytes = 0;

  constructor(from: number, limit: number) {
    this.#base = from;
    this.#limit = limit;
  }

  /** The offset after the last line. */
  get next(): number {
    return this.#base + this.#entries.length;
  }

  /** Takes in the lines that follow; older ones make room. */
  add({ entries, next }: WireLogPage): void {
    // Lines that nobody has any more lie between: what was here is no longer part of one piece.
    if (next - entries.length > this.next) this.#entries = [];
    this.#entries.push(...entries);
    this.#base = next - this.#entries.length;
    this.#bytes = this.#entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
    let passed = 0;
    for (const entry of this.#entries) {
      if (this.#bytes <= this.#limit) break;
      this.#bytes -= sizeOf(entry);
      passed++;
    }
    this.#entries.splice(0, passed);
    this.#base += passed;
  }

  /** The lines from an offset on, or undefined when they have left the window. */
  page(after: number, limitBytes: number): WireLogPage | undefined {
    if (after < this.#base) return undefined;
    const from = Math.min(after - this.#base, this.#entries.length);
    let to = from;
    for (let size = 0; size < limitBytes; to++) {
      const entry = this.#entries[to];
      if (!entry) break;
      size += sizeOf(entry);
    }
    return {
      entries: this.#entries.slice(from, to),
      next: Math.max(after, this.#base + to),
      more: to < this.#entries.length,
      skipped: 0,
    };
  }
}
