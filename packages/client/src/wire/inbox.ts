/** What comes, for whoever takes it one after the other. */
export class Inbox<T> {
  readonly #items: T[] = [];
  #end: { readonly error?: Error } | undefined;
  #wake: () => void = () => {};
  #emptied: () => void = () => {};

  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  /** Resolves when all that is in it is taken. */
  async emptied(): Promise<void> {
    if (this.#items.length > 0) await new Promise<void>((resolve) => (this.#emptied = resolve));
  }

  /** After what is in it nothing comes, or an error. */
  finish(error?: Error): void {
    this.#end ??= error ? { error } : {};
    this.#wake();
  }

  async *take(signal: AbortSignal): AsyncGenerator<T, void> {
    const wake = (): void => this.#wake();
    signal.addEventListener('abort', wake);
    try {
      while (!signal.aborted) {
        // All that is here at once: an array that is shifted for each line of a long log is slow.
        yield* this.#items.splice(0);
        this.#emptied();
        if (this.#items.length > 0) continue;
        if (this.#end?.error) throw this.#end.error;
        if (this.#end) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          if (signal.aborted || this.#end || this.#items.length > 0) resolve();
        });
      }
    } finally {
      this.#emptied();
      signal.removeEventListener('abort', wake);
    }
  }
}
