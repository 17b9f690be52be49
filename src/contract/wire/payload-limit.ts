import { utf8Length } from '../../tools/utf8-length.ts';

/** Temporal refuses a payload of 2 MiB: for its envelope and ours a little of that is kept free. */
export const PAYLOAD_LIMIT = 2 * 1024 * 1024 - 64 * 1024;

/** Bytes of a value as Temporal will carry it; throws a `TypeError` for one that has no JSON. */
export function payloadSize(value: unknown, limit = PAYLOAD_LIMIT): number {
  if (value instanceof Uint8Array) return value.byteLength;
  // oxlint-disable-next-line typescript/no-unnecessary-condition -- `undefined` has no JSON, whatever the types say
  const json: string = JSON.stringify(value) ?? '';
  // Most are far from the limit, and no character has more than three bytes a code unit.
  return json.length * 3 <= limit ? json.length : utf8Length(json);
}

export interface FitOptions {
  /** Bytes. Default: `PAYLOAD_LIMIT`. */
  readonly limit?: number;
  /** For a value that cannot be written as JSON. */
  readonly code: string;
  /** What to do about one that is too large. */
  readonly instead?: string;
}

/** Why a value cannot be carried: a failure's message and code, for whoever asked to throw as its own. */
export interface Unfit {
  readonly message: string;
  readonly code: string;
}

/** The bytes of a value, or why Temporal cannot carry it: then it would fail again at each attempt. */
export function fit(
  what: string,
  value: unknown,
  { limit = PAYLOAD_LIMIT, code, instead = 'store it elsewhere and pass where it is' }: FitOptions,
):
  | { readonly bytes: number; readonly unfit?: undefined }
  | { readonly bytes?: undefined; readonly unfit: Unfit } {
  let bytes: number;
  try {
    bytes = payloadSize(value, limit);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { unfit: { message: `${what} cannot be written as JSON: ${why}`, code } };
  }
  if (bytes <= limit) return { bytes };
  const message = `${what} may have ${limit} bytes as JSON, and has ${bytes}: ${instead}.`;
  return { unfit: { message, code: 'PAYLOAD_TOO_LARGE' } };
}
