/** Whose turn it is: of a group, and of somebody in it. */
export interface Share {
  readonly group: string;
  readonly one: string;
}

type Waiting = Map<string, (() => void)[]>;

/**
 * Spends at most `rate` tokens a second, after a burst of as many. Whoever is early waits in a short queue: groups take
 * turns, and within a group its members do, so that one who asks a lot waits for himself.
 */
export class FairBucket {
  readonly #rate: number;
  readonly #queue = new Map<string, Waiting>();
  #tokens: number;
  #at = performance.now();
  #waiting = 0;
  #isPlanned = false;

  constructor(rate: number) {
    this.#rate = rate;
    this.#tokens = rate;
  }

  /**
   * Takes a token. True when it may be used at once, else a promise that resolves when it may; false, with nothing
   * taken, when that could take longer than `patience` milliseconds: four times as long for a group that waits for
   * nothing yet, or many groups would keep it out.
   */
  take({ group, one }: Share, patience: number): Promise<void> | boolean {
    this.#fill();
    if (this.#waiting === 0 && this.#tokens >= 1) {
      this.#tokens -= 1;
      return true;
    }
    const members: Waiting = this.#queue.get(group) ?? new Map();
    const own = members.get(one) ?? [];
    const turns = (own.length + 1) * sizeWith(members, one) * sizeWith(this.#queue, group);
    const first = Math.min(turns - 1, this.#waiting);
    const most = members.size === 0 ? 4 * patience : patience;
    if (((first + 1 - this.#tokens) * 1000) / this.#rate > most) return false;
    this.#queue.set(group, members.set(one, own));
    this.#waiting++;
    return new Promise((resolve) => {
      own.push(resolve);
      this.#plan();
    });
  }

  /** Milliseconds until a token is there for whoever comes last. */
  get wait(): number {
    this.#fill();
    return Math.max(0, ((this.#waiting + 1 - this.#tokens) * 1000) / this.#rate);
  }

  /** Somebody else spends from the same allowance: no burst until it has filled again. */
  drain(): void {
    this.#fill();
    this.#tokens = Math.min(this.#tokens, 0);
  }

  #plan(): void {
    if (this.#waiting === 0 || this.#isPlanned) return;
    this.#isPlanned = true;
    setTimeout(
      () => {
        this.#isPlanned = false;
        this.#fill();
        while (this.#waiting > 0 && this.#tokens >= 1) {
          this.#tokens -= 1;
          this.#waiting--;
          this.#next()();
        }
        this.#plan();
      },
      Math.max(1, Math.ceil(((1 - this.#tokens) * 1000) / this.#rate)),
    );
  }

  /** Whoever has waited for a turn the longest; behind the others then. */
  #next(): () => void {
    for (const [group, members] of this.#queue)
      for (const [one, [go, ...others]] of members) {
        members.delete(one);
        if (others.length > 0) members.set(one, others);
        this.#queue.delete(group);
        if (members.size > 0) this.#queue.set(group, members);
        if (go) return go;
      }
    return () => {};
  }

  #fill(): void {
    const now = performance.now();
    this.#tokens = Math.min(this.#rate, this.#tokens + ((now - this.#at) * this.#rate) / 1000);
    this.#at = now;
  }
}

const sizeWith = (map: ReadonlyMap<string, unknown>, key: string): number =>
  map.size + (map.has(key) ? 0 : 1);
