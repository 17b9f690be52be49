import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Operation } from '../../../../src/api/schema/kit/operation.ts';
import { LIMITS } from '../../../../src/contract/limits.ts';
import { HeldBytes } from '../../../../src/tools/held-bytes.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const never = (): Promise<never> => new Promise(() => {});
const open = (): Operation => new Operation(new HeldBytes(1e9, 1e9));

test('what is asked is answered within the time of its operation, whoever waits longer', async () => {
  const operation = open();
  const asked = [operation.ask(never), operation.ask(never)].map((one) =>
    one.then(
      () => 'answered',
      ({ code }) => String(code),
    ),
  );
  const first = vi.fn();
  void asked[0]?.then(first);
  await vi.advanceTimersByTimeAsync(LIMITS.operation.deadline - 1);
  expect(first).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(await Promise.all(asked)).toEqual(['TIMEOUT', 'TIMEOUT']);
  const late = vi.fn(never);
  await expect(operation.ask(late)).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect(late).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test('a change that has begun is not cut, and none begins after its time', async () => {
  const operation = open();
  const changed = operation.change(
    () =>
      new Promise((resolve) => {
        setTimeout(resolve, 2 * LIMITS.operation.deadline, 'changed');
      }),
  );
  await vi.advanceTimersByTimeAsync(2 * LIMITS.operation.deadline);
  expect(await changed).toBe('changed');
  await expect(operation.change(never)).rejects.toMatchObject({ code: 'TIMEOUT' });
});

test('what was in time leaves no timer behind', async () => {
  expect(await open().ask(async () => 7)).toBe(7);
  expect(vi.getTimerCount()).toBe(0);
});
