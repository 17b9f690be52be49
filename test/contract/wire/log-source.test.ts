import { expect, test } from 'vitest';
import {
  activityOf,
  haveOneMark,
  markOf,
  toSource,
} from '../../../src/contract/wire/log-source.ts';

const at = { iteration: 2, activityId: 'a@b/7', attempt: 3 };

test('a source is as it always was without a reset, and marked since one', () => {
  expect(toSource(at)).toBe('2/a@b/7/3');
  expect(toSource({ ...at, mark: '0123abcd' })).toBe('2/a@b/7@0123abcd/3');
});

test('an activity is the same one before and after a reset', () => {
  expect(activityOf(toSource(at))).toBe('2/a@b/7');
  expect(activityOf(toSource({ ...at, mark: '0123abcd' }))).toBe('2/a@b/7');
});

test('sources of one execution have one mark', () => {
  const marked = toSource({ ...at, mark: '0123abcd' });
  expect(haveOneMark(marked, toSource({ ...at, attempt: 4, mark: '0123abcd' }))).toBe(true);
  expect(haveOneMark(marked, toSource(at))).toBe(false);
  expect(haveOneMark(marked, toSource({ ...at, mark: '89abcdef' }))).toBe(false);
});

test('executions that began in one minute have marks of their own', () => {
  expect(markOf('01a20e23-f674-7349-afc3-cc748b43eabf')).not.toBe(
    markOf('01a20e23-f675-7f34-8f83-8e15e4eb0efe'),
  );
});
