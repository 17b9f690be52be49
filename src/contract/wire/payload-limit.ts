import { utf8Length } from '../../tools/utf8-length.ts';

/** Temporal refuses a payload of 2 MiB: for its envelope and ours a little of that is kept free. */
export const PAYLOAD_LIMIT = 2 * 1024 * 1024 - 64 * 1024;

/** Bytes of a value as Temporal will carry it; throws a `TypeError` for one that has no JSON. */
export function payloadSize(value: unknown): number {
  if (value instanceof Uint8Array) return value.byteLength;
  // oxlint-disable-next-line typescript/no-unnecessary-condition -- `undefined` has no JSON, whatever the types say
  const json: string = JSON.stringify(value) ?? '';
  // Most are far from the limit, and no character has more than three bytes a code unit.
  return json.length * 3 <= PAYLOAD_LIMIT ? json.length : utf8Length(json);
}
