/**
 * Writes the results of a subscription as they come. To graphql-ws it is a subscription of no results that ends with
 * the real one: what graphql-ws does for each result costs several times what the frame costs.
 */
export function deliver<T>(
  iterable: AsyncIterable<T>,
  send: (result: T) => Promise<void> | undefined,
): AsyncGenerator<never, void, void> {
  const results = iterable[Symbol.asyncIterator]();
  let left = false;
  const end = async (): Promise<IteratorReturnResult<undefined>> => {
    left = true;
    await results.return?.();
    return DONE;
  };
  const deliverAll = async (): Promise<IteratorReturnResult<undefined>> => {
    for (;;) {
      const result = await results.next();
      if (result.done === true || left) return DONE;
      let room;
      try {
        room = send(result.value);
      } catch (error) {
        await end();
        throw error;
      }
      if (room) await room;
    }
  };
  return {
    next: deliverAll,
    return: end,
    async throw(error) {
      await end();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await end();
    },
  };
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
