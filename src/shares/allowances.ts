/** How much somebody may take at once, and how much of it comes back in a second. */
export interface Allowance {
  readonly burst: number;
  readonly rate: number;
}

interface Account {
  left: number;
  at: number;
}

/** Who has taken how much, by key: of the keys that were used last, so that names cannot fill the memory. */
export class Allowances {
  readonly #most: number;
  readonly #now: () => number;
  readonly #accounts = new Map<string, Account>();

  constructor({ most = 10_000, now = () => performance.now() }: AllowancesOptions = {}) {
    this.#most = most;
    this.#now = now;
  }

  /** Keys that are kept. */
  get size(): number {
    return this.#accounts.size;
  }

  /** Whole seconds until something is left; 0 when there is. */
  wait(key: string, allowance: Allowance): number {
    const left = this.#left(key, allowance);
    return left > 0 ? 0 : Math.floor(-left / allowance.rate) + 1;
  }

  /** Whether as much is owed as is there at once: what is under way must stop too. */
  isOverdrawn(key: string, allowance: Allowance): boolean {
    return this.#left(key, allowance) <= -allowance.burst;
  }

  /** Takes so much, also of what is not there: that is owed. */
  take(key: string, allowance: Allowance, amount: number): void {
    const left = this.#left(key, allowance) - amount;
    // Last in line: whoever took nothing for the longest has all of it again, and is forgotten first.
    this.#accounts.delete(key);
    this.#accounts.set(key, { left, at: this.#now() });
    const [oldest] = this.#accounts.keys();
    if (oldest !== undefined && this.#accounts.size > this.#most) this.#accounts.delete(oldest);
  }

  #left(key: string, { burst, rate }: Allowance): number {
    const account = this.#accounts.get(key);
    if (!account) return burst;
    return Math.min(burst, account.left + ((this.#now() - account.at) * rate) / 1000);
  }
}

export interface AllowancesOptions {
  /** Keys that are kept at most. Default: 10,000. */
  readonly most?: number | undefined;
  /** Milliseconds. */
  readonly now?: (() => number) | undefined;
}
