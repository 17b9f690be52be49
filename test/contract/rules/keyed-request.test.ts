import { expect, test } from 'vitest';
import { isSameRequest, toKeyedRequest } from '../../../src/contract/rules/keyed-request.ts';

const asked = (given: unknown, read: unknown) => toKeyedRequest('greet', { given, read });

test('a default that is left out is the same as one that is given', () => {
  const read = { name: 'Ann', loud: false };
  expect(isSameRequest(asked({ name: 'Ann' }, read), asked(read, read))).toBe(true);
});

test('what is given alike is the same, even if it is read otherwise each time', () => {
  const given = { name: 'Ann' };
  expect(isSameRequest(asked(given, { at: 1 }), asked(given, { at: 2 }))).toBe(true);
});

test('what one is given and another one is read as are not the same', () => {
  expect(isSameRequest(asked(1, 2), asked(2, 3))).toBe(false);
});

test.each([
  ['sets', new Set(['a']), new Set(['b'])],
  ['dates', new Date(0), new Date(0)],
  ['numbers without end', { a: Infinity }, { a: Number.NaN }],
  ['nothing', undefined, undefined],
])('two that are read as %s are told apart by what was given', (_, one, other) => {
  expect(isSameRequest(asked('a', one), asked('b', other))).toBe(false);
});

test('another definition is another request', () => {
  const other = toKeyedRequest('part', { given: 1, read: 1 });
  expect(isSameRequest(asked(1, 1), other)).toBe(false);
});
