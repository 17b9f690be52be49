import { expect, test } from 'vitest';
import { atMost } from '../../src/tools/at-most.ts';

test('no more calls run at a time than allowed, and a failed one makes room', async () => {
  const limited = atMost(3);
  let running = 0;
  let most = 0;
  const call = async (index: number): Promise<number> => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    if (index % 2 === 0) throw new Error('even');
    return index;
  };
  const ends = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) => limited(() => call(i))),
  );
  expect(most).toBe(3);
  expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
});
