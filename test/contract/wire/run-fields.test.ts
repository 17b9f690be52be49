import { expect, test } from 'vitest';
import { toRunFields } from '../../../src/contract/wire/run-fields.ts';

const attributesOf = (name: string) =>
  toRunFields({ name, actor: null, input: null }).searchAttributes;

test.each([
  ["O'Brien's Photos: May-2026!", 'o brien s photos may 2026'],
  ['Überweisung ÉTÉ', 'uberweisung ete'],
  ['日本 🎉 under_score', '日本 under score'],
])('the words of %j are letters and digits, without case and accents', (name, words) => {
  expect(attributesOf(name)).toMatchObject({ TaskName: name, TaskWords: words });
});

test('a name without words has none', () => {
  expect(attributesOf('!?')).toEqual({ TaskName: '!?', TaskIteration: 1 });
});

test('an input that has no JSON is no reason to fail', () => {
  const { memo } = toRunFields({ name: 'Photos', actor: null, input: undefined });
  expect(Object.values(memo)).toEqual([expect.objectContaining({ v: 1, name: 'Photos' })]);
});
