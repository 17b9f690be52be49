import { expect, test } from 'vitest';
import { deliver } from '../../../src/api/transport/deliver.ts';

async function* count(to: number): AsyncGenerator<number> {
  for (let n = 1; n <= to; n++) yield await Promise.resolve(n);
}
async function* broken(): AsyncGenerator<number> {
  yield* count(1);
  throw new Error('broken');
}
function later<T>() {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}
const DONE = { done: true, value: undefined };

test('results are sent in order, each once there is room for it, and then it is over', async () => {
  const sent: number[] = [];
  const room = later<void>();
  const over = deliver(count(3), (n) => {
    sent.push(n);
    return n === 2 ? room.promise : undefined;
  }).next();
  await expect.poll(() => sent).toEqual([1, 2]);
  room.resolve();
  expect(await over).toEqual(DONE);
  expect(sent).toEqual([1, 2, 3]);
});

test('a subscription that is left sends nothing more, and is returned', async () => {
  const result = later<IteratorResult<number>>();
  let returned = false;
  const results: AsyncIterator<number> = {
    next: () => result.promise,
    async return() {
      returned = true;
      return await Promise.resolve({ done: true, value: undefined });
    },
  };
  const sent: number[] = [];
  const delivered = deliver({ [Symbol.asyncIterator]: () => results }, (n) => {
    sent.push(n);
    return undefined;
  });
  const over = delivered.next();
  expect(await delivered.return()).toEqual(DONE);
  result.resolve({ done: false, value: 1 });
  expect(await over).toEqual(DONE);
  expect(returned).toBe(true);
  expect(sent).toEqual([]);
});

test('an error of the source is told, after what came before it', async () => {
  const sent: number[] = [];
  const over = deliver(broken(), (n) => {
    sent.push(n);
    return undefined;
  }).next();
  await expect(over).rejects.toThrow('broken');
  expect(sent).toEqual([1]);
});

test('a result that cannot be sent ends the source', async () => {
  let returned = false;
  async function* tidy(): AsyncGenerator<number> {
    try {
      yield* count(2);
    } finally {
      returned = true;
    }
  }
  const over = deliver(tidy(), () => {
    throw new Error('no JSON');
  }).next();
  await expect(over).rejects.toThrow('no JSON');
  expect(returned).toBe(true);
});
