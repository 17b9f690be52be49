/** Spends at most `rate` tokens a second, after a burst of as many; whoever is early waits in a short queue. */
export class TokenBucket {
  readonly #rate: number;
  readonly #now: () => number;
  #tokens: number;
  #at: number;

  constructor(rate: number, now: () => number = () => performance.now()) {
    this.#rate = rate;
    this.#now = now;
    this.#tokens = rate;
    this.#at = now();
  }

  /**
   * Takes a token. Answers the milliseconds to wait before it may be used, or `undefined`, with nothing
   * taken, when that would be longer than `patience`.
   */
  take(patience: number): number | undefined {
    this.#fill();
    // A debt is the queue: each token owed is one caller that waits its turn.
    const wait = Math.max(0, ((1 - this.#tokens) * 1000) / this.#rate);
    if (wait > patience) return undefined;
    this.#tokens -= 1;
    return wait;
  }

  /** Milliseconds until a token is there. */
  get wait(): number {
    this.#fill();
    return Math.max(0, ((1 - this.#tokens) * 1000) / this.#rate);
  }

  /** Somebody else spends from the same allowance: no burst until it has filled again. */
  drain(): void {
    this.#fill();
    this.#tokens = Math.min(this.#tokens, 0);
  }

  #fill(): void {
    const now = this.#now();
    this.#tokens = Math.min(this.#rate, this.#tokens + ((now - this.#at) * this.#rate) / 1000);
    this.#at = now;
  }
}
