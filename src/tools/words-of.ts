/**
 * The words of a text, in one spelling: letters and digits alone, without case and accents. Temporal's stores split
 * and compare words each in its own way, and some fail on signs, so words are made here when written and when asked for.
 */
export const wordsOf = (text: string): readonly string[] =>
  text
    .normalize('NFD')
    .replaceAll(/[\u0300-\u036F]/g, '')
    .normalize('NFC')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? [];
