import { encryption } from '../encryption/encryption.ts';
import type { Encryption } from '../encryption/encryption.ts';
import { EncryptionKeysError } from '../encryption/key-ring.ts';
import { parseKeysFile } from '../encryption/keys-file.ts';
import { ConfigError } from './config.ts';
import type { Config } from './config.ts';
import { readNamedFile } from './read-named-file.ts';

/**
 * What this configuration's runs are encrypted with; undefined when they are not. Throws `ConfigError` for a file that
 * cannot be used, with every fault of it and no word of a key.
 */
export async function openEncryption({
  encryptionKeysFile: file,
}: Pick<Config, 'encryptionKeysFile'>): Promise<Encryption | undefined> {
  if (file === undefined) return undefined;
  try {
    return encryption({
      keys: parseKeysFile(await readNamedFile('WAYMARK_ENCRYPTION_KEYS_FILE', file)),
    });
  } catch (cause) {
    if (!(cause instanceof EncryptionKeysError)) throw cause;
    throw new ConfigError(
      `WAYMARK_ENCRYPTION_KEYS_FILE: ${file} cannot be used:\n${cause.message}`,
      { cause },
    );
  }
}
