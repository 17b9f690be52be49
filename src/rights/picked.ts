/** What `pick` makes of each value; a value that it answers nothing for is left out. */
export function picked<T, U>(
  values: AsyncIterableIterator<T>,
  pick: (value: T) => U | undefined,
): AsyncIterableIterator<U> {
  const done: IteratorResult<U> = { done: true, value: undefined };
  return {
    next: async () => {
      for (;;) {
        const next = await values.next();
        if (next.done) return done;
        const value = pick(next.value);
        if (value !== undefined) return { done: false, value };
      }
    },
    return: async () => {
      await values.return?.();
      return done;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
