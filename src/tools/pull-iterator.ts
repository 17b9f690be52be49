/** Ends an iteration from inside `pull`. */
export const ENDED = Symbol('ended');

type Pull<T> = (signal: AbortSignal) => T | typeof ENDED | Promise<T | typeof ENDED>;

/**
 * An iterator that makes a value when it is asked for one, and so holds none. `return` and the signal end it at once,
 * also while `pull` waits: an async generator would stay in its await.
 */
export class PullIterator<T> implements AsyncIterableIterator<T> {
  readonly #pull: Pull<T>;
  readonly #stop = new AbortController();
  readonly #outer: AbortSignal | undefined;
  /** Asked for and not there yet; the first of them is being pulled. */
  readonly #asked: Asked<T>[] = [];

  constructor(pull: Pull<T>, signal: AbortSignal | undefined) {
    this.#pull = pull;
    this.#outer = signal;
    if (signal?.aborted) this.#end();
    else signal?.addEventListener('abort', this.#end, { once: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#stop.signal.aborted) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      if (this.#asked.push({ resolve, reject }) === 1) this.#go();
    });
  }

  return(): Promise<IteratorResult<T>> {
    this.#end();
    return Promise.resolve(DONE);
  }

  /** Answers those who ask for as long as there is something at once: a promise costs more than most values. */
  #go(): void {
    while (this.#asked.length > 0)
      try {
        const value = this.#pull(this.#stop.signal);
        if (value instanceof Promise) {
          value.then(this.#came, this.#failed);
          return;
        }
        this.#answer(value);
      } catch (error) {
        this.#fail(error);
      }
  }

  readonly #came = (value: T | typeof ENDED): void => {
    this.#answer(value);
    this.#go();
  };

  readonly #failed = (error: unknown): void => this.#fail(error);

  #answer(value: T | typeof ENDED): void {
    if (value === ENDED) return this.#end();
    this.#asked.shift()?.resolve({ done: false, value });
  }

  #fail(error: unknown): void {
    this.#asked.shift()?.reject(error);
    this.#end();
  }

  readonly #end = (): void => {
    this.#outer?.removeEventListener('abort', this.#end);
    this.#stop.abort();
    for (const { resolve } of this.#asked.splice(0)) resolve(DONE);
  };
}

interface Asked<T> {
  readonly resolve: (result: IteratorResult<T>) => void;
  readonly reject: (reason: unknown) => void;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
