import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { comparePositions } from '../../../src/contract/rules/run-order.ts';
import type { RunPosition } from '../../../src/contract/rules/run-order.ts';
import { TaskRunOrder } from '../../../src/contract/tasks.ts';

const position = fc.record<RunPosition>({
  key: fc.option(fc.integer({ min: 0, max: 3 })),
  created: fc.integer({ min: 0, max: 3 }),
  id: fc.constantFrom('a', 'b', 'c'),
});

test.each(Object.values(TaskRunOrder))('%s is a total order', (order) => {
  fc.assert(
    fc.property(position, position, position, (a, b, c) => {
      const [ab, ba] = [comparePositions(a, b, order), comparePositions(b, a, order)];
      expect(Math.sign(ab) + Math.sign(ba)).toBe(0);
      if (ab <= 0 && comparePositions(b, c, order) <= 0)
        expect(comparePositions(a, c, order)).toBeLessThanOrEqual(0);
    }),
  );
});

const at = (key: string | null): RunPosition => ({ key, created: 0, id: 'a' });

test('runs without a value come last, whatever the direction', () => {
  expect(comparePositions(at(null), at('x'), 'PARENT')).toBe(1);
  expect(comparePositions(at(null), at('x'), 'PARENT_DESCENDING')).toBe(1);
});
