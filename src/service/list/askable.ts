/**
 * PostgreSQL's store takes each `?` of a filter for a parameter, also inside a literal, and fails. Such a value is
 * asked for by what it begins with, or not at all, and each row is asked for the rest.
 */
export const isAskable = (value: string): boolean => !value.includes('?');

/** What a value that cannot be asked for begins with. Without a space at its end, which no literal has. */
export const askableStart = (value: string): string => value.slice(0, value.indexOf('?')).trimEnd();
