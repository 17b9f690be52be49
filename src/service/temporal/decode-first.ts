import type { temporal as proto } from '@temporalio/proto';
import { TaskError, TaskErrorCode } from '../../contract/task-error.ts';

type Failure = proto.api.failure.v1.IFailure;
type Payloads = readonly proto.api.common.v1.IPayload[];

/** What stands for a value that is there and cannot be decoded. */
export const UNREADABLE = Symbol('unreadable');

/** The first value alone; `UNREADABLE` for one that cannot be decoded. */
export async function decodeOr(
  payloads: Payloads | null | undefined,
  decode: (payloads: Payloads) => Promise<readonly unknown[]>,
): Promise<unknown> {
  try {
    const [value] = await decode(payloads?.slice(0, 1) ?? []);
    return value;
  } catch {
    return UNREADABLE;
  }
}

/** The same, undefined for what cannot be decoded: it must not hide all else that was asked for. */
export async function decodeFirst(
  payloads: Payloads | null | undefined,
  decode: (payloads: Payloads) => Promise<readonly unknown[]>,
): Promise<unknown> {
  const value = await decodeOr(payloads, decode);
  return value === UNREADABLE ? undefined : value;
}

/** The first value, or null when there is none; `UNREADABLE` names what it is for whoever asked for just that. */
export async function decodeAsked(
  payloads: Payloads | null | undefined,
  decode: (payloads: Payloads) => Promise<readonly unknown[]>,
  what: string,
): Promise<unknown> {
  try {
    const [value = null] = await decode(payloads?.slice(0, 1) ?? []);
    return value;
  } catch (cause) {
    throw new TaskError(
      TaskErrorCode.Unreadable,
      `${what} cannot be read here: expected a value that this process's data converter decodes.`,
      { cause },
    );
  }
}

/** What is left of a failure whose details cannot be decoded: its types, and its words where they are plain. */
export function withoutPayloads(failure: Failure): Failure {
  const {
    encodedAttributes,
    cause,
    applicationFailureInfo: application,
    canceledFailureInfo: canceled,
    timeoutFailureInfo: timeout,
    ...rest
  } = failure;
  return {
    ...rest,
    ...(encodedAttributes && { message: UNREADABLE_WORDS }),
    ...(cause && { cause: withoutPayloads(cause) }),
    ...(application && { applicationFailureInfo: { ...application, details: null } }),
    ...(canceled && { canceledFailureInfo: { ...canceled, details: null } }),
    ...(timeout && { timeoutFailureInfo: { ...timeout, lastHeartbeatDetails: null } }),
  };
}

const UNREADABLE_WORDS =
  'What it says cannot be read here: this process lacks the key or the converter that it was written with.';
