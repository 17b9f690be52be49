import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { beginningsOf } from '../../src/tools/beginnings-of.ts';
import { utf8Length } from '../../src/tools/utf8-length.ts';

test('of a text are those of each of its words, whole words last', () => {
  expect([...beginningsOf('Night, NIGHTLY')]).toEqual(
    'n ni nig nigh night nightl nightly'.split(' '),
  );
});

test('of a long word end after 16 letters', () => {
  expect([...beginningsOf('a'.repeat(30))].at(-1)).toBe('a'.repeat(16));
});

test('of any name fit into what Temporal takes of an attribute', () => {
  const letters = fc.stringMatching(/^[a-zäж日𐐷 ]{200,200}$/u);
  fc.assert(
    fc.property(letters, (name) => {
      expect(utf8Length([...beginningsOf(name)].join(' '))).toBeLessThan(2000);
    }),
  );
});

test('of a name of 200 letters are all there, in most languages', () => {
  const name =
    'Überprüfung der Sicherungskopien aller Rechenzentren in Europa und Übersee nach dem '
      .repeat(3)
      .slice(0, 200);
  expect(beginningsOf(name)).toContain('ubersee');
  expect(beginningsOf(`${'x '.repeat(90)} Wochenende`)).toContain('wochenende');
});
