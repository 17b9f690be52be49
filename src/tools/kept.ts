export interface KeptOptions<V> {
  /** How many values, at most. */
  readonly most?: number;
  /** Milliseconds that a value is good for, from when it was asked for. 0: only for those who ask meanwhile. */
  readonly ttl?: number;
  /** How much of what `sizeOf` counts. */
  readonly bytes?: number;
  readonly sizeOf?: (value: V) => number;
}

/** Values by key, the ones used last: as many, as long and as large as is said. */
export class Kept<V> {
  readonly #most: number;
  readonly #ttl: number;
  readonly #limit: number;
  readonly #sizeOf: (value: V) => number;
  readonly #entries = new Map<string, Entry<V>>();
  readonly #loading = new Map<string, Promise<V>>();
  #bytes = 0;

  constructor({
    most = Infinity,
    ttl = Infinity,
    bytes = Infinity,
    sizeOf = () => 0,
  }: KeptOptions<V>) {
    this.#most = most;
    this.#ttl = ttl;
    this.#limit = bytes;
    this.#sizeOf = sizeOf;
  }

  has(key: string): boolean {
    return this.#use(key) !== undefined;
  }

  /** Undefined for a value that is not kept, or no longer. */
  get(key: string): V | undefined {
    return this.#use(key)?.value;
  }

  set(key: string, value: V): void {
    this.#put(key, value, Date.now());
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }

  /** The value of this key, loaded when it is not kept; once for all who ask meanwhile. A failure is not kept. */
  load(key: string, load: () => Promise<V>): Promise<V> {
    const entry = this.#use(key);
    if (entry) return Promise.resolve(entry.value);
    const running = this.#loading.get(key);
    if (running) return running;
    const askedAt = Date.now();
    const loading = load()
      .then((value) => {
        this.#put(key, value, askedAt);
        return value;
      })
      .finally(() => this.#loading.delete(key));
    this.#loading.set(key, loading);
    return loading;
  }

  #use(key: string): Entry<V> | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (entry.until <= Date.now()) {
      this.delete(key);
      return undefined;
    }
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  #put(key: string, value: V, askedAt: number): void {
    this.delete(key);
    const bytes = this.#sizeOf(value);
    const until = askedAt + this.#ttl;
    // A value that is a good part of the whole would only push the others out.
    if (bytes > this.#limit / 4 || until <= Date.now()) return;
    this.#entries.set(key, { value, bytes, until });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#most && this.#bytes <= this.#limit) return;
      this.delete(oldest);
    }
  }
}

interface Entry<V> {
  readonly value: V;
  readonly bytes: number;
  readonly until: number;
}
