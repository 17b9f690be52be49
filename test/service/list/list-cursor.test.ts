import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Cursors } from '../../../src/service/list/list-cursor.ts';
import type { Position } from '../../../src/service/list/list-cursor.ts';

const listing = { signature: '{"status":["RUNNING"]}', orderBy: 'NEWEST_FIRST' };
const position: Position = {
  key: 1_795_000_000_000,
  created: 1_795_000_000_000,
  id: 'run-1',
  width: 5000,
};
const cursors = new Cursors({ namespace: 'default', secret: 'a secret of sixteen' });
const cursor = cursors.write(position, listing);

test('any position comes back as it was', () => {
  const positions = fc.record({
    key: fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.integer(), fc.constant(null)),
    created: fc.nat({ max: 253_402_300_799_000 }),
    id: fc.string({ unit: 'grapheme', maxLength: 200 }),
  });
  fc.assert(
    fc.property(positions, fc.option(fc.integer({ min: 1 }), { nil: undefined }), (at, width) => {
      const expected = { ...at, ...(width !== undefined && { width }) };
      expect(cursors.read(cursors.write(expected, listing), listing)).toEqual(expected);
    }),
  );
});

test('another gateway of the same namespace and secret goes on from it', () => {
  const other = new Cursors({ namespace: 'default', secret: 'a secret of sixteen' });
  expect(other.read(cursor, listing)).toEqual(position);
});

test.each([
  ['filter', cursors, { ...listing, signature: '{}' }],
  ['order', cursors, { ...listing, orderBy: 'LAST_FINISHED_FIRST' }],
  ['namespace', new Cursors({ namespace: 'other', secret: 'a secret of sixteen' }), listing],
  ['secret', new Cursors({ namespace: 'default', secret: 'another of sixteen' }), listing],
])('a cursor of another %s is refused', (_, reader, of) => {
  expect(() => reader.read(cursor, of)).toThrow(
    expect.objectContaining({ code: 'INVALID_CURSOR' }),
  );
});

function refused(text: string): void {
  expect(() => cursors.read(text, listing)).toThrow(
    expect.objectContaining({ code: 'INVALID_CURSOR' }),
  );
}

test('a cursor with any character changed, added or taken away is refused', () => {
  for (let at = 0; at < cursor.length; at++) {
    const other = cursor[at] === 'A' ? 'B' : 'A';
    refused(cursor.slice(0, at) + other + cursor.slice(at + 1));
    refused(cursor.slice(0, at));
    refused(`${cursor.slice(0, at)} ${cursor.slice(at)}`);
  }
  refused(`${cursor}A`);
  refused(`${cursor}=`);
  fc.assert(fc.property(fc.string({ unit: 'binary' }), refused));
});

test('a position that a list never had is refused though its signature is right', () => {
  const forged = cursors.write({ ...position, created: -1 }, listing);
  expect(() => cursors.read(forged, listing)).toThrow(
    expect.objectContaining({ code: 'INVALID_CURSOR' }),
  );
});

test('one that was signed by somebody who knows that there is no secret is still checked', () => {
  const open = new Cursors({ namespace: 'default' });
  const key = createHmac('sha256', '').update('cursors of default').digest();
  const { orderBy, signature } = listing;
  const sign = (body: string): string => {
    const signed = `${orderBy}\n${signature.length}\n${signature}\n${body}`;
    const mac = createHmac('sha256', key).update(signed).digest().subarray(0, 16);
    return Buffer.concat([mac, Buffer.from(body)]).toString('base64url');
  };
  expect(open.read(sign('["a",1,"run-1",null]'), listing)).toMatchObject({ id: 'run-1' });
  for (const body of ['no JSON', '["a",1]', '{}'])
    expect(() => open.read(sign(body), listing)).toThrow(
      expect.objectContaining({ code: 'INVALID_CURSOR' }),
    );
});
