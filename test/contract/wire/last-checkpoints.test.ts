import { expect, test } from 'vitest';
import { LastCheckpoints } from '../../../src/contract/wire/last-checkpoints.ts';

const of = (...envelopes: readonly unknown[]): Readonly<Record<string, unknown>> => {
  const checkpoints = new LastCheckpoints();
  for (const envelope of envelopes) checkpoints.apply(envelope);
  return Object.fromEntries(checkpoints.states);
};
const from = (src: string, state?: unknown, ended?: boolean): unknown => ({
  v: 1,
  src,
  segs: [],
  ...(state !== undefined && { state }),
  ...(ended && { ended }),
});

test('each activity has the state of its newest attempt', () => {
  expect(of(from('1/1/2', 'b'), from('1/1/1', 'a'), from('1/2/1', 0))).toEqual({
    '1/1': 'b',
    '1/2': 0,
  });
});

test('the last word of an attempt stands against an older heartbeat of it', () => {
  expect(of(from('1/1/1', 5, true), from('1/1/1', 4))).toEqual({ '1/1': 5 });
  expect(of(from('1/1/1', 4), from('1/1/1', 5))).toEqual({ '1/1': 5 });
  expect(of(from('1/1/1', 5, true), from('1/1/10', 6))).toEqual({ '1/1': 6 });
});

test('what has no state, or is no envelope, says nothing', () => {
  expect(of(from('1/1/1', 5), from('1/1/1'), null, 'text', { v: 2 })).toEqual({ '1/1': 5 });
});

test('after a reset attempts count anew, and the state from before it gives way', () => {
  expect(of(from('1/1/3', 'old', true), from('1/1@0123abcd/1', 'new'))).toEqual({ '1/1': 'new' });
});
