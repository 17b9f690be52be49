import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Turns } from '../../src/tools/turns.ts';

test('of those who wait, one goes on in each turn of the event loop, in order', async () => {
  const turns = new Turns();
  const gone: number[] = [];
  for (const n of [1, 2, 3]) void turns.next().then(() => gone.push(n));
  const seen: number[] = [];
  for (let i = 0; i < 5; i++) {
    await turn();
    seen.push(gone.length);
  }
  expect(gone).toEqual([1, 2, 3]);
  expect(seen.slice(0, 3)).toEqual([1, 2, 3]);
});
