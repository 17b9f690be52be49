import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { EncryptionCodec } from './encryption-codec.ts';
import { KeyRing } from './key-ring.ts';
import type { EncryptionKey } from './key-ring.ts';

/** For every client and worker of these runs, as their `dataConverter`. */
export interface Encryption extends DataConverter {
  readonly failureConverterPath: string;
  payloadCodecs: [EncryptionCodec];
}

/**
 * Has inputs, outputs, logs, errors and all else that runs carry stored encrypted (AES-256-GCM). The first key of each
 * tenant, and the first of none, writes; all of them read. Throws `EncryptionKeysError` with every fault of the keys.
 */
export function encryption({ keys }: { readonly keys: readonly EncryptionKey[] }): Encryption {
  return {
    failureConverterPath: FAILURE_CONVERTER,
    payloadCodecs: [new EncryptionCodec(new KeyRing(keys))],
  };
}

/** Encodes what errors say, so that a codec sees it. */
export const FAILURE_CONVERTER = fileURLToPath(new URL('failure-converter.cjs', import.meta.url));
