import { expect, test } from 'vitest';
import { isSameRequest, toKeyedRequest } from '../../../src/contract/input/keyed-request.ts';

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

const readAnew = (): unknown => ({
  at: new Date(0),
  size: 10n ** 30n,
  tags: new Set(['a']),
  by: new Map([['a', [Number.NaN, undefined]]]),
});

test('what is read alike is the same, also what JSON does not tell', () => {
  expect(isSameRequest(asked('a', readAnew()), asked('b', readAnew()))).toBe(true);
});

test.each([
  ['sets', new Set(['a']), new Set(['b'])],
  ['maps', new Map([['a', 1]]), new Map([['a', 2]])],
  ['dates', new Date(0), new Date(1)],
  ['a date and its text', new Date(0), new Date(0).toISOString()],
  ['bigints', 1n, 2n],
  ['a bigint and its text', { a: 1n }, { a: '1' }],
  ['a bigint and how it is told', 1n, ['bigint', '1']],
  ['numbers without end', { a: Infinity }, { a: Number.NaN }],
  ['instances', new URL('http://a'), new URL('http://a')],
  ['functions', { a: expect }, { a: expect }],
])('two that are read as %s are told apart by what was given', (_, one, other) => {
  expect(isSameRequest(asked('a', one), asked('b', other))).toBe(false);
});

test('what a schema makes of an input may have no end', () => {
  const ring: { self?: unknown; at: Date } = { at: new Date(0) };
  ring.self = ring;
  let deep: unknown = new Date(0);
  for (let level = 0; level < 100_000; level++) deep = [deep];
  for (const read of [ring, deep])
    expect(isSameRequest(asked('a', read), asked('b', read))).toBe(false);
});

test('another definition is another request', () => {
  const other = toKeyedRequest('part', { given: 1, read: 1 });
  expect(isSameRequest(asked(1, 1), other)).toBe(false);
});
