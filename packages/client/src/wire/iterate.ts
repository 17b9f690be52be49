/**
 * What a generator yields, as an iterator that ends at once when it is returned or the signal fires, also while the
 * generator waits: that sees it by its own signal, and ends.
 */
export function iterate<T>(
  make: (signal: AbortSignal) => AsyncGenerator<T, void>,
  outer?: AbortSignal,
): AsyncIterableIterator<T> {
  const stop = new AbortController();
  const items = make(stop.signal);
  const end = (): void => {
    outer?.removeEventListener('abort', end);
    stop.abort();
    // One that waits for its reader is not woken by its signal.
    items.return().catch(() => {});
  };
  if (outer?.aborted) end();
  outer?.addEventListener('abort', end);
  return {
    async next() {
      const result = await items.next();
      if (result.done !== true && !stop.signal.aborted) return result;
      end();
      return { done: true, value: undefined };
    },
    async return() {
      end();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
