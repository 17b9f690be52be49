/** What a test tells an activity that runs in its own process. */
export type Order =
  | { readonly type: 'log'; readonly message: string }
  | { readonly type: 'progress'; readonly done: number }
  | { readonly type: 'succeed'; readonly output: unknown }
  | { readonly type: 'fail'; readonly message: string };

class Orders {
  readonly #given: Order[] = [];
  #wake: () => void = () => {};
  #listen: () => void = () => {};
  /** Resolves when somebody waits for orders. */
  readonly listened = new Promise<void>((resolve) => (this.#listen = resolve));

  give(order: Order): void {
    this.#given.push(order);
    this.#wake();
  }

  /** The next order; undefined when the signal fires first. */
  async next(signal: AbortSignal): Promise<Order | undefined> {
    this.#listen();
    if (this.#given.length === 0 && !signal.aborted)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    return this.#given.shift();
  }
}

const all = new Map<string, Orders>();

export function ordersOf(runId: string): Orders {
  const known = all.get(runId) ?? new Orders();
  all.set(runId, known);
  return known;
}
