import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromCause, toCause } from '../../../src/contract/wire/abort-cause.ts';

test('who, why and a grace survive as the text of a cancel', () => {
  fc.assert(
    fc.property(
      fc.string().filter((by) => !by.includes(':') && !by.includes('(grace')),
      fc.string(),
      fc.option(fc.nat(3_600_000), { nil: undefined }),
      (by, reason, grace) => {
        const cause = { by, reason, ...(grace !== undefined && { grace }) };
        expect(fromCause(toCause(cause))).toEqual(cause);
      },
    ),
  );
});

test.each(['', 'no colon at all', 'http://example.org'])('%j is all reason, by nobody', (text) => {
  expect(fromCause(text)).toEqual({ by: '', reason: text });
});

test('a reason has its own colons and lines', () => {
  expect(fromCause('alice (grace 1.5 s): one: two\nthree')).toEqual({
    by: 'alice',
    reason: 'one: two\nthree',
    grace: 1500,
  });
});
