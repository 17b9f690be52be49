/** An iterator over a generator that waits: its `return()` ends it at once, where a plain generator's would wait too. */
export function endingAtOnce<T>(
  signal: AbortSignal | undefined,
  generate: (signal: AbortSignal) => AsyncGenerator<T, void>,
): AsyncIterableIterator<T> {
  const stop = new AbortController();
  const items = generate(signal ? AbortSignal.any([signal, stop.signal]) : stop.signal);
  return {
    next: () => items.next(),
    return: () => {
      stop.abort();
      return items.return();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
