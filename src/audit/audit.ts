import type { Decision } from './decision.ts';
import { toLine } from './to-line.ts';

export interface AuditOptions {
  /** Takes a line, its end included, without waiting for anything; answers false when it has no room for it. */
  readonly write: (line: string) => boolean;
  /** Milliseconds in which what is alike is one line. Default: 10 s. */
  readonly window?: number | undefined;
  /** Kinds of decisions that are told apart at once. Default: 1,000. */
  readonly kinds?: number | undefined;
}

interface Kind {
  readonly decision: Decision;
  count: number;
  first: Date;
  last: Date;
}

/**
 * Tells decisions, a line of JSON each. What was done has its own line always; of refusals that are alike the first has
 * one at once, and those after it one for each window, with their number. It never waits, throws, or grows.
 */
export class Audit {
  readonly #write: AuditOptions['write'];
  readonly #window: number;
  readonly #most: number;
  readonly #kinds = new Map<string, Kind>();
  #timer: NodeJS.Timeout | undefined;
  #dropped = 0;

  constructor({ write, window = 10_000, kinds = 1000 }: AuditOptions) {
    this.#write = write;
    this.#window = window;
    this.#most = kinds;
  }

  tell(decision: Decision): void {
    const now = new Date();
    if (!isFolded(decision)) return this.#put(toLine(decision, now));
    const [key, alike] = this.#kindOf(decision);
    const known = this.#kinds.get(key);
    if (known) {
      if (known.count++ === 0) known.first = now;
      known.last = now;
      return;
    }
    this.#kinds.set(key, { decision: alike, count: 0, first: now, last: now });
    this.#timer ??= setInterval(() => this.#sweep(), this.#window).unref();
    this.#put(toLine(decision, now));
  }

  /** Tells what was counted and not told yet. */
  close(): void {
    this.#sweep();
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#kinds.clear();
  }

  #sweep(): void {
    for (const [key, kind] of this.#kinds) {
      const { decision, count, first, last } = kind;
      if (count === 0) {
        this.#kinds.delete(key);
        continue;
      }
      kind.count = 0;
      this.#put(toLine(decision, new Date(), { count, first, last }));
    }
    if (this.#dropped > 0) this.#tellDropped();
    if (this.#kinds.size > 0 || this.#dropped > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** What is alike, and what all of it has. Those for whom there is no room are alike by what they did alone. */
  #kindOf({
    action,
    outcome,
    reason,
    session,
    origin,
    credentialId,
  }: Decision): [string, Decision] {
    const user = [session?.caller.name, session?.credentialId ?? credentialId];
    const { ip } = origin ?? {};
    const key = JSON.stringify([action, outcome, reason, user, session?.caller.tenant, ip]);
    if (this.#kinds.has(key) || this.#kinds.size < this.#most) {
      const from = origin && { ip, requestId: undefined, traceId: undefined };
      return [key, { action, outcome, reason, session, origin: from, credentialId }];
    }
    return [action, { action, outcome, reason: 'several' }];
  }

  #put(line: string): void {
    if (this.#dropped > 0) this.#tellDropped();
    if (this.#taken(line)) return;
    this.#dropped++;
    this.#timer ??= setInterval(() => this.#sweep(), this.#window).unref();
  }

  #tellDropped(): void {
    const now = new Date();
    const folded = { count: this.#dropped, first: now, last: now };
    if (this.#taken(toLine({ action: 'audit-drop', outcome: 'failure' }, now, folded)))
      this.#dropped = 0;
  }

  #taken(line: string): boolean {
    try {
      return this.#write(line);
    } catch {
      return false;
    }
  }
}

/** Nothing that somebody has done is left out for being alike. */
const isFolded = ({ action, outcome }: Decision): boolean =>
  outcome === 'failure' || action === 'session-end';
