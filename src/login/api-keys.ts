import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A key, to be shown once, and the hash of it that is kept. */
export function newApiKey(id: string): { readonly key: string; readonly hash: string } {
  const key = `${API_KEY}${id}_${randomBytes(32).toString('base64url')}`;
  return { key, hash: hashOf(key) };
}

/** How every key begins: scanners for secrets look for it. */
export const API_KEY = 'wmk_';
/** Lower-case letters, digits and hyphens, at most 40. */
export const KEY_ID = /^[a-z0-9-]{1,40}$/;
export const KEY_HASH = /^sha256:[\w-]{43}$/;

/** What is known of a key. */
export interface ApiKey {
  readonly id: string;
  /** Several while one replaces another. */
  readonly hashes: readonly string[];
  /** Milliseconds since 1970. */
  readonly expiresAt: number | null;
}

/** The key that this is, or why it is none. */
export function findApiKey<K extends ApiKey>(
  keys: ReadonlyMap<string, K>,
  presented: string,
  now = Date.now(),
): K | 'unknown-key' | 'wrong-key' | 'expired' {
  const [, id = ''] = SHAPE.exec(presented) ?? [];
  const known = keys.get(id);
  const given = Buffer.from(hashOf(presented));
  // One comparison at least, and each in full: how long it takes tells nothing of what is known.
  const fits = (known?.hashes ?? [NO_HASH]).filter((hash) =>
    timingSafeEqual(given, Buffer.from(hash)),
  );
  if (!known) return 'unknown-key';
  if (fits.length === 0) return 'wrong-key';
  return known.expiresAt !== null && known.expiresAt <= now ? 'expired' : known;
}

const SHAPE = new RegExp(`^${API_KEY}([a-z0-9-]{1,40})_[\\w-]{43}$`);

// 256 random bits need no slow hash: nobody guesses them, and a slow one is a gift to whoever floods us.
const hashOf = (key: string): string =>
  `sha256:${createHash('sha256').update(key).digest('base64url')}`;
const NO_HASH = hashOf('');
