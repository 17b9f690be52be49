/** Values that were asked for a moment ago: the newest one whatever its size, older ones within a number of bytes. */
export class RecentCache<V> {
  readonly #limit: number;
  readonly #idle: number;
  readonly #sizeOf: (value: V) => number;
  readonly #entries = new Map<string, Entry<V>>();
  #sweep: NodeJS.Timeout | undefined;

  constructor({
    limit,
    idle,
    sizeOf,
  }: {
    readonly limit: number;
    /** Milliseconds after which a value that nobody asked for goes. */
    readonly idle: number;
    readonly sizeOf: (value: V) => number;
  }) {
    this.#limit = limit;
    this.#idle = idle;
    this.#sizeOf = sizeOf;
  }

  /** The value of this key, loaded when it is missing or no longer `good`; once for all who ask meanwhile. */
  async get(
    key: string,
    load: () => Promise<V>,
    good: (value: V) => boolean = () => true,
  ): Promise<V> {
    const known = this.#entries.get(key);
    if (known && (known.loading || (known.loaded && good(known.loaded.value)))) {
      this.#use(key, known);
      return known.value;
    }
    const entry: Entry<V> = { value: load(), loading: true, usedAt: Date.now() };
    this.#use(key, entry);
    try {
      const value = await entry.value;
      entry.loaded = { value, bytes: this.#sizeOf(value) };
      entry.loading = false;
      this.#trim();
      return value;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  clear(): void {
    clearTimeout(this.#sweep);
    this.#sweep = undefined;
    this.#entries.clear();
  }

  #use(key: string, entry: Entry<V>): void {
    entry.usedAt = Date.now();
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#sweep ??= setTimeout(this.#dropIdle, this.#idle).unref();
  }

  readonly #dropIdle = (): void => {
    this.#sweep = undefined;
    const oldest = Date.now() - this.#idle;
    for (const [key, { usedAt, loading }] of this.#entries)
      if (usedAt <= oldest && !loading) this.#entries.delete(key);
    if (this.#entries.size > 0) this.#sweep = setTimeout(this.#dropIdle, this.#idle).unref();
  };

  #trim(): void {
    let bytes = 0;
    for (const [key, { loaded }] of [...this.#entries].toReversed()) {
      if (!loaded) continue;
      const first = bytes === 0;
      bytes += loaded.bytes;
      if (bytes > this.#limit && !first) this.#entries.delete(key);
    }
  }
}

interface Entry<V> {
  readonly value: Promise<V>;
  loading: boolean;
  loaded?: { readonly value: V; readonly bytes: number };
  usedAt: number;
}
