/**
 * An iterator that asks for leave before its first value. No generator: its `return()` would wait for a value that may
 * never come, and a reader that has gone would leave what it read behind.
 */
export function afterLeave<T>(
  ask: () => Promise<unknown>,
  open: () => AsyncIterableIterator<T>,
): AsyncIterableIterator<T> {
  let leave: Promise<unknown> | undefined;
  let opened: AsyncIterableIterator<T> | undefined;
  let over = false;
  const done: IteratorResult<T> = { done: true, value: undefined };
  return {
    next: async () => {
      leave ??= ask();
      await leave;
      if (over) return done;
      opened ??= open();
      return await opened.next();
    },
    return: async () => {
      over = true;
      await opened?.return?.();
      return done;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
