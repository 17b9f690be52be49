export interface KeptOptions<V> {
  /** How many values, at most. */
  readonly most?: number;
  /** Milliseconds that a value is good for, from when it was asked for. 0: only for those who ask meanwhile. */
  readonly ttl?: number;
  /** Milliseconds after which a value that nobody asks for goes. */
  readonly idle?: number;
  /** How much of what `sizeOf` counts. The newest value stays whatever its size, if it is not over `largest`. */
  readonly bytes?: number;
  /** A larger one is only for those who ask meanwhile. By default a quarter of `bytes`: more would only push the others out. */
  readonly largest?: number;
  readonly sizeOf?: (value: V) => number;
}

/** Values by key, the ones used last: as many, as long and as large as is said. */
export class Kept<V> {
  readonly #most: number;
  readonly #ttl: number;
  readonly #idle: number;
  readonly #limit: number;
  readonly #largest: number;
  readonly #sizeOf: (value: V) => number;
  readonly #entries = new Map<string, Entry<V>>();
  readonly #loading = new Map<string, Promise<V>>();
  #bytes = 0;
  #sweep: NodeJS.Timeout | undefined;

  constructor({
    most = Infinity,
    ttl = Infinity,
    idle = Infinity,
    bytes = Infinity,
    largest = bytes / 4,
    sizeOf = () => 0,
  }: KeptOptions<V>) {
    this.#most = most;
    this.#ttl = ttl;
    this.#idle = idle;
    this.#limit = bytes;
    this.#largest = largest;
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

  /** Nothing is kept any more, nor what is being loaded. */
  clear(): void {
    clearTimeout(this.#sweep);
    this.#sweep = undefined;
    this.#entries.clear();
    this.#loading.clear();
    this.#bytes = 0;
  }

  /**
   * The value of this key, loaded when it is not kept or not `good`; once for all who ask meanwhile. A failure is not
   * kept.
   */
  load(key: string, load: () => Promise<V>, good: (value: V) => boolean = () => true): Promise<V> {
    const entry = this.#use(key);
    if (entry && good(entry.value)) return Promise.resolve(entry.value);
    const running = this.#loading.get(key);
    if (running) return running;
    this.delete(key);
    const askedAt = Date.now();
    const loading = load()
      .then((value) => {
        if (this.#loading.get(key) === loading) this.#put(key, value, askedAt);
        return value;
      })
      .finally(() => {
        if (this.#loading.get(key) === loading) this.#loading.delete(key);
      });
    this.#loading.set(key, loading);
    return loading;
  }

  #use(key: string): Entry<V> | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    const now = Date.now();
    if (this.#isOver(entry, now)) {
      this.delete(key);
      return undefined;
    }
    entry.usedAt = now;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  #put(key: string, value: V, askedAt: number): void {
    this.delete(key);
    const bytes = this.#sizeOf(value);
    const entry = { value, bytes, askedAt, usedAt: Date.now() };
    if (bytes > this.#largest || this.#isOver(entry, entry.usedAt)) return;
    this.#entries.set(key, entry);
    this.#bytes += bytes;
    this.#trim();
    this.#sweepLater();
  }

  #isOver({ askedAt, usedAt }: Entry<V>, now: number): boolean {
    return now - askedAt >= this.#ttl || now - usedAt >= this.#idle;
  }

  #trim(): void {
    for (const oldest of this.#entries.keys()) {
      const fits = this.#entries.size <= this.#most && this.#bytes <= this.#limit;
      if (fits || this.#entries.size === 1) return;
      this.delete(oldest);
    }
  }

  /** What nobody asks for any more would stay until the process ends. */
  #sweepLater(): void {
    const pause = Math.min(this.#ttl, this.#idle);
    if (pause === Infinity) return;
    this.#sweep ??= setTimeout(() => {
      this.#sweep = undefined;
      const now = Date.now();
      for (const [key, entry] of this.#entries) if (this.#isOver(entry, now)) this.delete(key);
      if (this.#entries.size > 0) this.#sweepLater();
    }, pause).unref();
  }
}

interface Entry<V> {
  readonly value: V;
  readonly bytes: number;
  readonly askedAt: number;
  usedAt: number;
}
