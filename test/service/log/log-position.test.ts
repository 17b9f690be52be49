import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromCursor, startOf, toCursor } from '../../../src/service/log/log-position.ts';
import type { LogPosition } from '../../../src/service/log/log-position.ts';

const sources = fc
  .uniqueArray(fc.tuple(fc.nat(9), fc.nat(99), fc.integer({ min: 1, max: 9 }), fc.nat(1e6)), {
    selector: ([iteration, activity, attempt]) => `${iteration}/${activity}/${attempt}`,
    maxLength: 20,
  })
  .map((list) => list.map(([i, a, t, n]) => [`${i}/${a}/${t}`, n + 1] as const));

const position: fc.Arbitrary<LogPosition> = fc.record({
  link: fc.uuid(),
  offset: fc.nat(),
  life: fc.nat(4),
  dropped: fc.nat(),
  sources: sources.map(
    (list) =>
      new Map(list.map(([source, n]) => [source, { n, settled: n % 2 === 0 ? n : 0 }] as const)),
  ),
});

test('a cursor keeps the position, but for sources that cannot speak any more', () => {
  fc.assert(
    fc.property(fc.string(), position, (id, position) => {
      const all = new Set(position.sources.keys());
      expect(fromCursor(id, toCursor(id, position, all))).toEqual(position);

      const ahead = [...position.sources].filter(([, { n, settled }]) => n > settled);
      const none = fromCursor(id, toCursor(id, position, new Set()));
      expect(none).toEqual({ ...position, sources: new Map(ahead) });
    }),
  );
});

test('a damaged or shortened cursor is refused', () => {
  fc.assert(
    fc.property(position, fc.nat(), fc.constantFrom('A', 'Z', 'q', '7', '-'), (at, where, put) => {
      const cursor = toCursor('run', at, new Set(at.sources.keys()));
      const index = where % cursor.length;
      const damaged = cursor.slice(0, index) + put + cursor.slice(index + 1);
      // The last character may hold bits that no byte has.
      fc.pre(Buffer.from(damaged, 'base64url').compare(Buffer.from(cursor, 'base64url')) !== 0);
      expect(() => fromCursor('run', damaged)).toThrow(refusal);
      expect(() => fromCursor('run', cursor.slice(0, index))).toThrow(refusal);
    }),
  );
});
const refusal = expect.objectContaining({ code: 'INVALID_CURSOR', details: { runId: 'run' } });

test("another run's cursor is refused", () => {
  const cursor = toCursor('other', startOf('link'), new Set());
  expect(() => fromCursor('run', cursor)).toThrow(refusal);
});

test.each([
  '',
  'x',
  'bnVsbA',
  Buffer.from('[]').toString('base64url'),
  Buffer.from('[0,{"r":"link","s":-1,"k":0}]').toString('base64url'),
  'A'.repeat(100_000),
])('the text %.40j is no cursor', (text) => {
  expect(() => fromCursor('run', text)).toThrow(refusal);
});

test.each(['', 'garbage', 'namespace', 'a\u0000b', '\uD800', '0'.repeat(36)])(
  'a cursor that names no link is refused: %j',
  (link) => {
    const forged = toCursor('run', startOf(link), new Set());
    expect(() => fromCursor('run', forged)).toThrow(refusal);
  },
);
