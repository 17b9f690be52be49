import { TENANT } from '../contract/wire/tenant.ts';

export interface EncryptionKey {
  /** Stored in clear beside what it encrypts: letters, digits and `._-`, at most 40. */
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** Whose runs it is for; of all that have none of their own unless given. */
  readonly tenant?: string | undefined;
}

/** Keys that cannot be used: a line for each fault, with nothing of a key in it. */
export class EncryptionKeysError extends Error {
  override readonly name = 'EncryptionKeysError';
}

/** Which key writes, and which one reads. */
export class KeyRing {
  readonly #keys: ReadonlyMap<string, EncryptionKey>;
  readonly #writing: ReadonlyMap<string | null, EncryptionKey>;

  /** The first key of each tenant, and the first of none, writes; all of them read. */
  constructor(keys: readonly EncryptionKey[]) {
    const faults = faultsOf(keys);
    if (faults.length > 0) throw new EncryptionKeysError(faults.join('\n'));
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    // The last one of a map's equal keys wins.
    this.#writing = new Map(keys.toReversed().map((key) => [key.tenant ?? null, key]));
  }

  /** The key that a tenant's values are written with. */
  ofTenant(tenant: string | null): EncryptionKey {
    const key = this.#writing.get(tenant) ?? this.#writing.get(null);
    if (!key) throw new Error('Expected a key of no tenant');
    return key;
  }

  /** The key that wrote something; undefined for one that is not here. */
  get(id: string): EncryptionKey | undefined {
    return this.#keys.get(id);
  }
}

function faultsOf(keys: readonly EncryptionKey[]): readonly string[] {
  const faults = keys.flatMap(({ id, key, tenant }, at) => {
    const here = `keys.${at}`;
    return [
      ...(ID.test(id)
        ? []
        : [`${here}.id: expected 1 to 40 letters, digits, dots, hyphens or underscores`]),
      ...(key.length === 32
        ? []
        : [`${here}.key: expected 32 bytes as base64, got ${key.length} bytes`]),
      ...(tenant === undefined || TENANT.test(tenant)
        ? []
        : [`${here}.tenant: expected lower-case letters, digits and hyphens, at most 40`]),
      ...(keys.findIndex((other) => other.id === id) < at
        ? [`${here}.id: expected an id that no other key has, got \`${id}\` again`]
        : []),
      ...(keys.findIndex((other) => Buffer.compare(other.key, key) === 0) < at
        ? [`${here}.key: expected a key of its own, got the same as of another id`]
        : []),
    ];
  });
  if (!keys.some(({ tenant }) => tenant === undefined))
    faults.push('keys: expected one without a tenant at least, for runs that are of none');
  return faults;
}

const ID = /^[\w.-]{1,40}$/;
