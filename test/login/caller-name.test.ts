import { assert, constantFrom, oneof, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { checkActor } from '../../src/contract/rules/check-trigger.ts';
import { toCallerName, toKeyName } from '../../src/login/caller-name.ts';

test('a name is shown as it is, but for what a name cannot have', () => {
  expect(toCallerName('ann@example.com')).toBe('ann@example.com');
  expect(toCallerName('repo:acme/shop:ref:refs/heads/main')).toBe(
    'repo%3A.acme/shop%3A.ref%3A.refs/heads/main',
  );
});

test('nobody becomes a key', () => {
  expect(toCallerName('key ci')).not.toBe(toKeyName('ci'));
});

const subject = oneof(
  string({ unit: 'binary', minLength: 1, maxLength: 300 }),
  string({
    unit: constantFrom('%', ':', '3', 'A', '.', '~', ' ', 'key ', '\uD800', '\uFFFD'),
    minLength: 1,
    maxLength: 40,
  }),
);

test('every name can be an actor, and two callers never become one', () => {
  assert(
    property(subject, subject, (one, other) => {
      expect(() => checkActor({ name: toCallerName(one) })).not.toThrow();
      if (one !== other) expect(toCallerName(one)).not.toBe(toCallerName(other));
    }),
    { numRuns: 5000 },
  );
});
