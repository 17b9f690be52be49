/** What is new, for those who wait for it: a version that grows, and a wake-up for each who is level with it. */
export class News {
  readonly #waiting = new Map<AbortSignal, () => void>();
  readonly #known = new WeakSet<AbortSignal>();
  #version = 0;

  /** Grows with each thing that is published. */
  get version(): number {
    return this.#version;
  }

  publish(): void {
    this.#version++;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /**
   * Resolves when there is something newer than a version, or when the signal says to stop; undefined when there is
   * nothing to wait for. One wait at a time for a signal.
   */
  newer(version: number, signal: AbortSignal): Promise<void> | undefined {
    if (this.#version !== version || signal.aborted) return undefined;
    // Readers wait again and again: a listener for each time would cost more than the news.
    if (!this.#known.has(signal)) {
      this.#known.add(signal);
      signal.addEventListener('abort', () => this.#forget(signal), { once: true });
    }
    return new Promise((resolve) => this.#waiting.set(signal, resolve));
  }

  /** The version, as soon as it is newer than this one; after so many milliseconds anyway. */
  async within(milliseconds: number, version: number): Promise<number> {
    if (milliseconds <= 0) return this.#version;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), milliseconds);
    await this.newer(version, late.signal);
    clearTimeout(timer);
    return this.#version;
  }

  #forget(signal: AbortSignal): void {
    this.#waiting.get(signal)?.();
    this.#waiting.delete(signal);
  }
}
