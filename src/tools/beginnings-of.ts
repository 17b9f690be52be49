import { utf8Length } from './utf8-length.ts';
import { wordsOf } from './words-of.ts';

/**
 * What the words of a text begin with, from one letter on: a store that compares whole words finds a text by them as
 * somebody types. «Night export» is `n ni nig nigh night e ex exp expo expor export`.
 *
 * A word counts with its first 16 letters, a text with as many words as fit into what Temporal takes of an attribute:
 * some 200 characters of most texts.
 */
export function beginningsOf(text: string): ReadonlySet<string> {
  const beginnings = new Set<string>();
  let bytes = 0;
  for (const word of wordsOf(text)) {
    const letters = Array.from(word).slice(0, MAX_LETTERS);
    for (let length = 1; length <= letters.length; length++) {
      const beginning = letters.slice(0, length).join('');
      if (beginnings.has(beginning)) continue;
      bytes += utf8Length(beginning) + 1;
      if (bytes > MAX_BYTES) return beginnings;
      beginnings.add(beginning);
    }
  }
  return beginnings;
}

/** What of a word counts. */
export const beginningOf = (word: string): string =>
  Array.from(word).slice(0, MAX_LETTERS).join('');

const MAX_LETTERS = 16;
/** Temporal takes 2,048 of a value, quotes included. */
const MAX_BYTES = 2000;
