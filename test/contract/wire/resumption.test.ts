import { describe, expect, test } from 'vitest';
import { EarlierCalls } from '../../../src/contract/wire/resumption.ts';
import type { KeptCall } from '../../../src/contract/wire/resumption.ts';

const kept = (n: number, args: readonly unknown[], more: Partial<KeptCall> = {}): KeptCall => ({
  kind: 'ACTIVITY',
  name: 'walk',
  n,
  args,
  done: true,
  ...more,
});
const over = (calls: readonly KeptCall[], edited = false) => new EarlierCalls({ edited, calls });

describe('a call of an earlier run is found', () => {
  test('by which of its name it is, each kind for itself', () => {
    const calls = over([kept(1, []), kept(2, [], { result: 'b' }), kept(1, [], { kind: 'CHILD' })]);
    expect(calls.next('ACTIVITY', 'run', [])).toEqual({ n: 1, kept: undefined });
    expect(calls.next('ACTIVITY', 'walk', [])).toMatchObject({ n: 1, kept: { n: 1 } });
    expect(calls.next('CHILD', 'walk', [])).toMatchObject({ n: 1, kept: { kind: 'CHILD' } });
    expect(calls.next('ACTIVITY', 'walk', [])).toMatchObject({ n: 2, kept: { result: 'b' } });
    expect(calls.next('ACTIVITY', 'walk', [])).toEqual({ n: 3, kept: undefined });
  });

  test('with the same arguments, as JSON has them, and with no others', () => {
    const args = [{ a: 1, b: '2026-01-01T00:00:00.000Z' }, null];
    const same = [{ b: new Date('2026-01-01T00:00:00Z'), a: 1 }, undefined];
    expect(over([kept(1, args)]).next('ACTIVITY', 'walk', same).kept).toBeDefined();
    expect(over([kept(1, args)]).next('ACTIVITY', 'walk', [1]).kept).toBeUndefined();
  });

  test('with others when the input was edited, if it had not ended', () => {
    const unfinished = kept(1, [1], { done: false, state: 5 });
    expect(over([unfinished]).next('ACTIVITY', 'walk', [2]).kept).toBeUndefined();
    expect(over([unfinished], true).next('ACTIVITY', 'walk', [2]).kept).toBe(unfinished);
    expect(over([kept(1, [1])], true).next('ACTIVITY', 'walk', [2]).kept).toBeUndefined();
  });
});
