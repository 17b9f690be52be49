import { createHash } from 'node:crypto';

/** Characters. */
const MAX = 100;

/**
 * A caller's name from what its credential says of it: printable, without colons and quotes, at most 100 characters,
 * and another one for each other subject. `repo:org/app` is `repo%3A.org/app`.
 */
export function toCallerName(subject: string): string {
  const name = subject.replaceAll(
    NOT_IN_NAMES,
    (one) => `%${(one.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(2, '0')}.`,
  );
  if (name.length <= MAX) return name;
  // In UTF-16: as UTF-8 has none, all lone halves of pairs would become the same.
  const hash = createHash('sha256').update(name, 'utf16le').digest('hex').slice(0, 20);
  return `${name.slice(0, MAX - 1 - hash.length).replace(/\p{Cs}$/u, '')}~${hash}`;
}

/** The name of whoever shows an API key. No subject becomes it: the blank after `key` is encoded there. */
export const toKeyName = (id: string): string => `key ${id}`;
export const keyIdOf = (name: string): string | undefined => /^key (.+)$/.exec(name)?.[1];

// A colon ends the name in the reason of an abort; quotes and backslashes end texts in a list filter; `%` begins what is
// encoded, and `~` what is shortened. Lone halves of pairs, and what stands for one, would all become the same.
const NOT_IN_NAMES = /[%:'"\\`~\uFFFD\p{Cc}\p{Cs}]|^ | $|(?<=^key) /gu;
