/** What a process keeps in memory for its callers: one bound for all of them together. */
export class HeldBytes {
  readonly #limit: number;
  readonly #free: number;
  #held = 0;

  /** Each holder may have `free` bytes, whatever the others hold: who asks for little is always served. */
  constructor(limit: number, free: number) {
    this.#limit = limit;
    this.#free = free;
  }

  /** Bytes that are held now. */
  get held(): number {
    return this.#held;
  }

  /** More is held than should be. */
  get isFull(): boolean {
    return this.#held >= this.#limit;
  }

  /** Holds nothing yet; `free` as told to the constructor unless given. */
  open(free = this.#free): Holder {
    let own = 0;
    return {
      add: (bytes) => {
        if (own + bytes > free && this.#held + bytes > this.#limit) return false;
        own += bytes;
        this.#held += bytes;
        return true;
      },
      set: (bytes) => {
        this.#held += bytes - own;
        own = bytes;
      },
      release: () => {
        this.#held -= own;
        own = 0;
      },
    };
  }
}

export interface Holder {
  /** False, and nothing is taken, when that would be too much. */
  readonly add: (bytes: number) => boolean;
  /** Says how much is held, also when it is too much: of what is there already. */
  readonly set: (bytes: number) => void;
  readonly release: () => void;
}
