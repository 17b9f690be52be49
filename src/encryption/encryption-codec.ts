import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { PayloadCodec } from '@temporalio/common';
import type { SerializationContext } from '@temporalio/common/lib/converter/serialization-context.js';
import protos from '@temporalio/proto';
import type { temporal } from '@temporalio/proto';
import { tenantOf } from '../contract/wire/tenant.ts';
import type { EncryptionKey, KeyRing } from './key-ring.ts';

type Payload = temporal.api.common.v1.IPayload;
const { Payload: PROTO } = protos.temporal.api.common.v1;

const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const CIPHER = 'aes-256-gcm';
/** Bytes of the nonce before, and of the seal behind, what is encrypted. */
const NONCE = 12;
const SEAL = 16;

/**
 * AES-256-GCM over each payload as a whole, what it says of itself included. What was written before there were keys is
 * read as it is.
 */
export class EncryptionCodec implements PayloadCodec {
  readonly #keys: KeyRing;

  constructor(keys: KeyRing) {
    this.#keys = keys;
  }

  async encode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    const key = this.#keys.ofTenant(tenantIn(context));
    return payloads.map((payload) => seal(payload, key));
  }

  async decode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    const tenant = tenantIn(context);
    return payloads.map((payload) => {
      if (!isEncrypted(payload)) return payload;
      const key = this.keyOf(payload);
      if (!key)
        throw new Error(
          'A value cannot be read here: the key that it was written with is not among those of this process.',
        );
      // Somebody who can write to Temporal's database could else show one tenant's values in another's run.
      if (tenant !== null && key.tenant !== undefined && key.tenant !== tenant)
        throw new Error('A value was refused: it was written with the key of another tenant.');
      return open(payload, key);
    });
  }

  /** The key that a payload was written with; undefined for one that is clear, and for a key that is not here. */
  keyOf(payload: Payload): EncryptionKey | undefined {
    return isEncrypted(payload) ? this.#keys.get(textOf(payload.metadata?.[KEY_ID])) : undefined;
  }
}

export const isEncrypted = ({ metadata }: Payload): boolean =>
  textOf(metadata?.['encoding']) === ENCODING;

function seal(payload: Payload, { id, key }: EncryptionKey): Payload {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(boundTo(id));
  const clear = PROTO.encode(payload).finish();
  return {
    metadata: { encoding: Buffer.from(ENCODING), [KEY_ID]: Buffer.from(id) },
    data: Buffer.concat([nonce, cipher.update(clear), cipher.final(), cipher.getAuthTag()]),
  };
}

function open({ data }: Payload, { id, key }: EncryptionKey): Payload {
  const sealed = Buffer.from(data ?? []);
  try {
    if (sealed.length < NONCE + SEAL) throw new RangeError('Too short');
    const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE), {
      authTagLength: SEAL,
    }).setAAD(boundTo(id));
    decipher.setAuthTag(sealed.subarray(-SEAL));
    const clear = Buffer.concat([decipher.update(sealed.subarray(NONCE, -SEAL)), decipher.final()]);
    return PROTO.decode(clear);
  } catch (cause) {
    throw new Error('A value was refused: it was changed since it was written.', { cause });
  }
}

const boundTo = (id: string): Buffer => Buffer.from(`waymark 1 ${id}`);
const textOf = (bytes: Uint8Array | null | undefined): string =>
  bytes ? Buffer.from(bytes).toString() : '';
const tenantIn = (context: SerializationContext | undefined): string | null =>
  context?.workflowId === undefined ? null : tenantOf(context.workflowId);
