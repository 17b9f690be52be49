import { deferred } from './deferred.ts';

/** Ends an iteration from inside `pull`. */
export const ENDED = Symbol('ended');

/**
 * An iterator that makes a value when it is asked for one, and so holds none. `return` and the signal end it at once,
 * also while `pull` waits: an async generator would stay in its await.
 */
export class Pulled<T> implements AsyncIterableIterator<T> {
  readonly #pull: (signal: AbortSignal) => Promise<T | typeof ENDED>;
  readonly #stop = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #release = new Set<() => void>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    pull: (signal: AbortSignal) => Promise<T | typeof ENDED>,
    signal: AbortSignal | undefined,
  ) {
    this.#pull = pull;
    this.#outer = signal;
    if (signal?.aborted) this.#end();
    else signal?.addEventListener('abort', this.#end, { once: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T>> {
    const { promise, resolve, reject } = deferred<IteratorResult<T>>();
    const release = (): void => resolve(DONE);
    this.#release.add(release);
    if (this.#stop.signal.aborted) release();
    this.#last = this.#last.then(() => this.#one()).then(resolve, reject);
    void this.#last.finally(() => this.#release.delete(release));
    return promise;
  }

  return(): Promise<IteratorResult<T>> {
    this.#end();
    return Promise.resolve(DONE);
  }

  async #one(): Promise<IteratorResult<T>> {
    const { signal } = this.#stop;
    if (signal.aborted) return DONE;
    try {
      const value = await this.#pull(signal);
      if (value !== ENDED) return { done: false, value };
      this.#close();
      return DONE;
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  readonly #end = (): void => {
    this.#close();
    for (const release of this.#release) release();
  };

  #close(): void {
    this.#outer?.removeEventListener('abort', this.#end);
    this.#stop.abort();
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
