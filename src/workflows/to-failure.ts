import { ApplicationFailure, ContinueAsNew } from '@temporalio/workflow';
import { PAYLOAD_LIMIT, payloadSize } from '../definition/payload-limit.ts';
import { utf8Length } from '../definition/run-fields.ts';

const MOST_CAUSES = 20;
const SHOWN = 8 * 1024;

/**
 * What a run ends with. Temporal fails it only for an `Error`, and only for one that it can carry: by any other, such
 * as one of 3 MiB or one that is its own cause, the workflow task would fail again and again.
 */
export function toFailure(thrown: unknown): Error {
  if (thrown instanceof ContinueAsNew) return thrown;
  if (!(thrown instanceof Error)) return ApplicationFailure.nonRetryable(cut(toText(thrown)));
  if (fits(thrown)) return thrown;
  const root = causesOf(thrown).at(-1) ?? thrown;
  const type = root instanceof ApplicationFailure ? root.type : undefined;
  return ApplicationFailure.nonRetryable(cut(root.message), cut(type ?? root.name));
}

function fits(error: Error): boolean {
  const causes = causesOf(error);
  const last = causes.at(-1)?.cause;
  if (last instanceof Error) return false;
  try {
    return causes.reduce((size, cause) => size + sizeOf(cause), payloadSize(last)) <= PAYLOAD_LIMIT;
  } catch {
    // Details that have no JSON.
    return false;
  }
}

const sizeOf = (error: Error): number =>
  utf8Length(error.message) +
  utf8Length(error.stack ?? '') +
  payloadSize(error instanceof ApplicationFailure ? error.details : undefined);

/** The error and what caused it, as far as a chain that makes sense can go. */
function causesOf(error: Error): readonly Error[] {
  const causes: Error[] = [];
  for (let at: unknown = error; at instanceof Error && causes.length < MOST_CAUSES; at = at.cause)
    causes.push(at);
  return causes;
}

function toText(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return 'Something was thrown that has no text.';
  }
}

const cut = (text: string): string => (text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`);
