/** The values used last, up to a number of bytes; one that is asked for twice at a time is loaded once. */
export class ByteCache<V> {
  readonly #limit: number;
  readonly #entries = new Map<string, { readonly value: V; readonly bytes: number }>();
  readonly #loading = new Map<string, Promise<V>>();
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The value of this key; `load` says how many bytes it holds, or 0 for one that must not be kept. */
  get(key: string, load: () => Promise<{ readonly value: V; readonly bytes: number }>): Promise<V> {
    const known = this.#entries.get(key);
    if (known) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return Promise.resolve(known.value);
    }
    const running = this.#loading.get(key);
    if (running) return running;
    const loading = load()
      .then(({ value, bytes }) => {
        if (bytes > 0) this.#keep(key, value, bytes);
        return value;
      })
      .finally(() => this.#loading.delete(key));
    this.#loading.set(key, loading);
    return loading;
  }

  #keep(key: string, value: V, bytes: number): void {
    // A value that is a good part of the whole would only push the others out.
    if (bytes > this.#limit / 4) return;
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#limit) return;
      this.#entries.delete(oldest);
      this.#bytes -= entry.bytes;
    }
  }
}
