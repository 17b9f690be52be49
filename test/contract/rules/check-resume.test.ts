import { describe, expect, test } from 'vitest';
import { beginAnew, toReuses, whyNotResumed } from '../../../src/contract/rules/check-resume.ts';
import type { ResumedCall, Reuse } from '../../../src/contract/tasks.ts';

const call = (name: string, how: Reuse, n = 1): ResumedCall => ({
  id: `${name}#${n}`,
  name,
  kind: 'ACTIVITY',
  how,
});

describe('what is reused, in words', () => {
  test.each([
    [[], 'begins anew'],
    [[call('walk', 'AGAIN')], 'begins anew'],
    [[call('walk', 'CHECKPOINT')], 'takes walk up from the last checkpoint'],
    [
      [call('get', 'RESULT', 1), call('get', 'RESULT', 2), call('walk', 'CHECKPOINT')],
      'reuses get (2 times); takes walk up from the last checkpoint',
    ],
    [['a', 'b', 'c', 'd', 'e'].map((name) => call(name, 'RESULT')), 'reuses a, b, c and 2 more'],
    [[call('get', 'LEFT_OUT')], 'does get again, which left too much'],
  ])('%#', (calls, words) => {
    expect(toReuses(calls)).toBe(words);
  });

  test('are few, whatever names there are', () => {
    const calls = (['RESULT', 'CHECKPOINT', 'LEFT_OUT'] as const).flatMap((how) =>
      Array.from({ length: 100 }, (_, at) => call(`${at}${'x'.repeat(500)}`, how)),
    );
    expect(toReuses(calls).length).toBeLessThan(500);
  });
});

test('a call that is named and all after it begin anew', () => {
  const calls = [call('a', 'RESULT'), call('b', 'RESULT'), call('c', 'CHECKPOINT')];
  expect(beginAnew(calls, 'b#1').map(({ how }) => how)).toEqual(['RESULT', 'AGAIN', 'AGAIN']);
  expect(beginAnew(calls, undefined)).toEqual(calls);
  expect(() => beginAnew(calls, 'd#1')).toThrow('Expected `from` to be the id of a call');
  expect(() => beginAnew([], 'd#1')).toThrow('Expected `from` to be the id of a call');
});

test.each([
  ['PENDING', 'It is not over: it is PENDING.'],
  ['ABORTING', 'It is not over: it is ABORTING.'],
  ['SUCCEEDED', 'It has succeeded: nothing is left to do.'],
  ['FAILED', null],
  ['ABORTED', null],
] as const)('a run that is %s: %s', (status, reason) => {
  expect(whyNotResumed({ status })).toBe(reason);
});
