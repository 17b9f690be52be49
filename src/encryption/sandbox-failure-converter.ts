import { DefaultFailureConverter } from '@temporalio/common';
import { ENCODES_FAILURES } from '../contract/wire/messages.ts';

/** What errors of workflow code say becomes a payload where the worker asks for it, so that its codec sees them. */
export const failureConverter = new DefaultFailureConverter({
  encodeCommonAttributes: ENCODES_FAILURES in globalThis,
});
