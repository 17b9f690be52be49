import { createHash, randomUUID } from 'node:crypto';

/** Id of a run that nobody named: says what it is in Temporal's own lists. */
export const newRunId = (definition: string): string => `${definition}-${randomUUID()}`;

/** Id of the run that this key makes, whoever uses it: readable, and different for every key. */
export function runIdOfKey(key: string): string {
  const slug = key
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 60);
  const hash = sha256(key).slice(0, 20);
  return slug === '' ? hash : `${slug}-${hash}`;
}

/** The same where what runs carry is a secret to Temporal, which stores ids in clear: it shows nothing of the key. */
export const hiddenRunIdOfKey = (key: string): string => sha256(key).slice(0, 40);

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** When Temporal made this link, which is the run's start: a UUIDv7 begins with 48 bits of milliseconds. */
export function timeOfLink(link: string): Date | null {
  const hex = link.replaceAll('-', '');
  if (hex.length !== 32 || hex[12] !== '7') return null;
  return new Date(Number.parseInt(hex.slice(0, 12), 16));
}
