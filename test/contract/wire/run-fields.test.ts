import { expect, test } from 'vitest';
import { SEARCH_ATTRIBUTES, toRunFields } from '../../../src/contract/wire/run-fields.ts';

const attributesOf = (name: string) =>
  toRunFields({ name, actor: null, input: null }).searchAttributes;

test.each([
  ["O'Bri's: May-26!", 'o b br bri s m ma may 2 26'],
  ['Über ÉTÉ', 'u ub ube uber e et ete'],
  ['日本 🎉 a_b', '日 日本 a b'],
])(
  'the beginnings of words of %j are letters and digits, without case and accents',
  (name, words) => {
    expect(attributesOf(name)).toMatchObject({ TaskName: name, TaskWords: words });
  },
);

test('a name without words has none', () => {
  expect(attributesOf('!?')).toEqual({ TaskName: '!?', TaskIteration: 1 });
});

test('a run that has everything has every attribute but that of its abort', () => {
  const { searchAttributes } = toRunFields({
    name: 'Photos',
    actor: 'ann',
    input: null,
    tags: ['blue'],
    parent: 'a',
    rerunOf: 'b',
    tenant: 'acme',
  });
  const written = [...Object.keys(searchAttributes), 'TaskAbort'];
  expect(written.toSorted()).toEqual(Object.keys(SEARCH_ATTRIBUTES).toSorted());
});

test("Temporal's SQL stores have room for the attributes", () => {
  const keywords = Object.values(SEARCH_ATTRIBUTES).filter((type) => type === 'Keyword');
  expect(keywords.length).toBeLessThanOrEqual(10);
});

test('an input that has no JSON is no reason to fail', () => {
  const { memo } = toRunFields({ name: 'Photos', actor: null, input: undefined });
  expect(Object.values(memo)).toEqual([expect.objectContaining({ v: 1, name: 'Photos' })]);
});
