import { ApplicationFailure, ContinueAsNew } from '@temporalio/workflow';
import { cut, toPlainFailure } from '../contract/wire/plain-failure.ts';

/** What a run ends with: Temporal fails it only for an `Error`, and only for one that it can carry. */
export function toFailure(thrown: unknown): Error {
  if (thrown instanceof ContinueAsNew) return thrown;
  if (!(thrown instanceof Error)) return ApplicationFailure.nonRetryable(cut(toText(thrown)));
  const plain = toPlainFailure(thrown);
  return plain ? ApplicationFailure.create(plain) : thrown;
}

function toText(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return 'Something was thrown that has no text.';
  }
}

/** What failed in the first place, under the activity and child failures that wrap it. */
export function rootOf(error: Error): Error {
  let root = error;
  while (root.cause instanceof Error && !(root instanceof ApplicationFailure)) root = root.cause;
  return root;
}

/** The code under which a run fails with it. */
export const codeOf = (root: Error): string =>
  (root instanceof ApplicationFailure ? root.type : undefined) ?? root.name;
