/**
 * An iterator that a reader can end at any moment, also while it waits for the next value. A subscription's
 * source must be one, or a viewer that leaves holds it until something happens.
 */
export function stoppable<T>(
  open: (signal: AbortSignal) => AsyncIterableIterator<T>,
): AsyncGenerator<T, undefined> {
  const stop = new AbortController();
  const source = open(stop.signal);
  const ended = { done: true, value: undefined } as const;
  const whenStopped = new Promise<typeof ended>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve(ended), { once: true });
  });
  const end = async (): Promise<IteratorReturnResult<undefined>> => {
    stop.abort();
    await source.return?.();
    return ended;
  };
  return {
    next: async () => {
      const result = await Promise.race([source.next(), whenStopped]);
      return result.done ? ended : result;
    },
    return: end,
    throw: async (error) => {
      await end();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: async () => {
      await end();
    },
  };
}
