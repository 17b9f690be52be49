import { z } from 'zod';
import { EncryptionKeysError } from './key-ring.ts';
import type { EncryptionKey } from './key-ring.ts';

/** Reads `{ "keys": [{ "id", "key", "tenant" }] }`. Throws `EncryptionKeysError` with every fault, and nothing of a key. */
export function parseKeysFile(text: string): readonly EncryptionKey[] {
  const { data, error } = FILE.safeParse(toJson(text));
  if (error)
    throw new EncryptionKeysError(
      error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`).join('\n'),
    );
  return data.keys;
}

// The words of a JSON error quote what they stumble over.
function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new EncryptionKeysError('expected JSON');
  }
}

const TEXT = z.string({ error: 'expected a text' });
const FILE = z.strictObject(
  {
    keys: z.array(
      z.strictObject({
        id: TEXT,
        key: TEXT.regex(/^[A-Za-z0-9+/_-]{43}=?$/, {
          error: 'expected 32 bytes as base64',
        }).transform((base64) => Buffer.from(base64, 'base64')),
        tenant: TEXT.optional(),
      }),
      { error: 'expected a list of keys' },
    ),
  },
  { error: ({ code }) => (code === 'invalid_type' ? 'expected an object with `keys`' : undefined) },
);
