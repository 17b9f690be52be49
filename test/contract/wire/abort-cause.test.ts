import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromCancel, fromCause, toCause } from '../../../src/contract/wire/abort-cause.ts';

test('who, why and a grace survive as the text of a cancel', () => {
  fc.assert(
    fc.property(
      TEXT.map((by) => by?.replaceAll(/[:(]/g, '') || null),
      TEXT,
      fc.option(fc.nat(3600), { nil: undefined }),
      (by, reason, grace) => {
        const cause = { by, reason, ...(grace !== undefined && { grace }) };
        expect(fromCause(toCause(cause))).toEqual(cause);
      },
    ),
  );
});

/** Null is nobody, or no reason; an empty text is no way to say it. */
const TEXT = fc.option(fc.string({ minLength: 1 }));

test.each(['no colon at all', 'http://example.org'])('%j is all reason, by nobody', (text) => {
  expect(fromCause(text)).toEqual({ by: null, reason: text });
});

test.each(['', ': '])('%j says nothing', (text) => {
  expect(fromCause(text)).toEqual({ by: null, reason: null });
});

test('a reason has its own colons and lines', () => {
  expect(fromCause('alice (grace 1.5 s): one: two\nthree')).toEqual({
    by: 'alice',
    reason: 'one: two\nthree',
    grace: 1.5,
  });
});

test('a cancel without a word that names a run comes with the end of that run', () => {
  const externalWorkflowExecution = { workflowId: 'family-1' };
  expect(fromCancel({ externalWorkflowExecution })).toEqual({
    by: null,
    reason: 'Its parent family-1 failed or ended.',
  });
  expect(fromCancel({ cause: 'alice: enough', externalWorkflowExecution })).toEqual({
    by: 'alice',
    reason: 'enough',
  });
  expect(fromCancel({ externalWorkflowExecution: null })).toEqual({ by: null, reason: null });
});
