import { beginningOf } from './beginnings-of.ts';
import { wordsOf } from './words-of.ts';

/** What a text that somebody types looks for: a name with all of these words, or an id that starts so. */
export interface Search {
  /** Each begins a word, in the spelling of `beginningsOf`. */
  readonly words: readonly string[];
  /** Null when the text is none that an id could be asked for with. */
  readonly idStart: string | null;
}

export function toSearch(text: string): Search {
  const start = text.trim();
  return {
    words: [...new Set(wordsOf(text).map(beginningOf))],
    idStart: ID_START.test(start) ? start : null,
  };
}

// No spaces, and nothing that some store of Temporal's cannot be asked for.
const ID_START = /^[^\s'"\\`?\p{Cc}\p{Cs}\u2661\ufffd]+$/u;
