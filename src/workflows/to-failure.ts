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
