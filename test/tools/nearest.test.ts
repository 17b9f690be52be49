import { expect, test } from 'vitest';
import { nearest } from '../../src/tools/nearest.ts';

const ids = ['checksumFiles', 'testingRun', 'reindexEntries', 'resizePhotos'];

test.each([
  ['checksumFile', ['checksumFiles']],
  ['checkSumFiles', ['checksumFiles']],
  ['testRun', ['testingRun']],
  ['re', []],
  ['res', ['resizePhotos']],
  ['somethingElse', []],
  ['', []],
])('%j may have been meant as %j', (word, meant) => {
  expect(nearest(word, ids)).toEqual(meant);
});

test('a word without end is compared by its beginning', () => {
  expect(nearest('a'.repeat(1_000_000), ids)).toEqual([]);
});
