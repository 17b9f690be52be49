import type { temporal as proto } from '@temporalio/proto';

type Payloads = readonly proto.api.common.v1.IPayload[];

/** The first value; undefined for what cannot be decoded, which must not hide all else that was asked for. */
export async function decodeFirst(
  payloads: Payloads | null | undefined,
  decode: (payloads: Payloads) => Promise<readonly unknown[]>,
): Promise<unknown> {
  try {
    const [value] = await decode(payloads ?? []);
    return value;
  } catch {
    return undefined;
  }
}
