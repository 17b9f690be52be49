import { expect, test } from 'vitest';
import { CallerBudgets } from '../../src/shares/caller-budgets.ts';
import { Allowances } from '../../src/shares/allowances.ts';

const caller = { burst: 10, rate: 2 };
const tenant = { burst: 25, rate: 5 };
const RATE_LIMITED = { code: 'RATE_LIMITED' };

function budgetsAt(limits = { caller, tenant: () => tenant }) {
  let now = 0;
  const budgets = new CallerBudgets(() => limits, { now: () => now });
  return {
    budgets,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    /** Operations that begin. */
    begun: (name: string, asked: number, of: string | null = null): number => {
      let count = 0;
      for (let i = 0; i < asked; i++) {
        try {
          budgets.of({ name, tenant: of }).begin();
          count++;
        } catch (error) {
          expect(error).toMatchObject(RATE_LIMITED);
        }
      }
      return count;
    },
  };
}

test('a caller begins as much as its burst holds, and its rate after that', () => {
  const { begun, pass } = budgetsAt();
  expect(begun('ann', 100)).toBe(10);
  pass(3000);
  expect(begun('ann', 100)).toBe(6);
  pass(3_600_000);
  expect(begun('ann', 100)).toBe(10);
});

test('another caller has its own', () => {
  const { begun } = budgetsAt();
  begun('ann', 100);
  expect(begun('bob', 100)).toBe(10);
  expect(begun('ann', 100, 'acme')).toBe(10);
});

test('callers of a tenant share one, and leave those of others alone', () => {
  const { begun } = budgetsAt();
  const names = Array.from({ length: 10 }, (_, n) => `caller ${n}`);
  expect(names.map((name) => begun(name, 10, 'acme')).reduce((sum, one) => sum + one)).toBe(25);
  expect(begun('bob', 100, 'beta')).toBe(10);
});

test('the refusal names the limit, and when to come back, which is true', () => {
  const { budgets, begun, pass } = budgetsAt();
  const ann = budgets.of({ name: 'ann' });
  begun('ann', 1);
  ann.pay({ calls: 14 });
  let details: { readonly retryAfter?: number; readonly limit?: string } = {};
  try {
    ann.begin();
  } catch (error) {
    ({ details } = error as { details: typeof details });
  }
  // Five are owed, and something more is needed.
  expect(details).toEqual({ limit: 'caller', retryAfter: 3 });
  pass(2500);
  expect(() => ann.begin()).toThrow(expect.objectContaining(RATE_LIMITED));
  pass(500);
  expect(() => ann.begin()).not.toThrow();
});

test('what has begun goes on until as much is owed as the burst holds, and all of it is paid back', () => {
  const { budgets, pass } = budgetsAt();
  const ann = budgets.of({ name: 'ann' });
  ann.begin();
  ann.pay({ calls: 18 });
  expect(() => ann.goOn()).not.toThrow();
  ann.pay({ calls: 11 });
  expect(() => ann.goOn()).toThrow(expect.objectContaining(RATE_LIMITED));
  pass(10_000);
  expect(() => ann.begin()).toThrow(expect.objectContaining(RATE_LIMITED));
  pass(1);
  expect(() => ann.begin()).not.toThrow();
});

test('64 KiB cost what a call costs', () => {
  const { budgets } = budgetsAt();
  const ann = budgets.of({ name: 'ann' });
  ann.pay({ bytes: 9 * 64 * 1024 });
  ann.begin();
  expect(() => ann.begin()).toThrow(expect.objectContaining(RATE_LIMITED));
});

test('numbers that change hold from then on', () => {
  const limits = { caller, tenant: () => tenant };
  const { begun, pass } = budgetsAt(limits);
  expect(begun('ann', 100)).toBe(10);
  limits.caller = { burst: 50, rate: 20 };
  pass(2000);
  expect(begun('ann', 100)).toBe(40);
});

test('as many are kept as are said, those that were used last', () => {
  const allowances = new Allowances({ most: 100, now: () => 0 });
  allowances.take('ann', caller, 10);
  for (let n = 0; n < 5000; n++) {
    allowances.take(`caller ${n}`, caller, 1);
    allowances.take('ann', caller, 0);
  }
  expect(allowances.size).toBe(100);
  expect(allowances.wait('ann', caller)).toBe(1);
});
