import { PAYLOAD_LIMIT, payloadSize } from './payload-limit.ts';

const MOST_CAUSES = 20;
const SHOWN = 8 * 1024;

/** What there is to say of an error that Temporal cannot carry as it is. */
export interface PlainFailure {
  readonly message: string;
  readonly type: string;
  readonly nonRetryable: boolean;
}

/**
 * Undefined for an error that Temporal can carry. Another, such as one of 3 MiB, one that is its own cause or one whose
 * details have no JSON, makes a workflow task fail again and again, and a worker end.
 */
export function toPlainFailure(error: Error): PlainFailure | undefined {
  const causes = causesOf(error);
  if (fits(causes)) return undefined;
  const root: Error & { type?: unknown; nonRetryable?: unknown } = causes.at(-1) ?? error;
  return {
    message: cut(root.message),
    type: cut(typeof root.type === 'string' ? root.type : root.name),
    nonRetryable: root.nonRetryable === true,
  };
}

export const cut = (text: string): string =>
  text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;

function fits(causes: readonly Error[]): boolean {
  const last = causes.at(-1)?.cause;
  if (last instanceof Error) return false;
  try {
    return causes.reduce((size, cause) => size + sizeOf(cause), payloadSize(last)) <= PAYLOAD_LIMIT;
  } catch {
    return false;
  }
}

// Words as JSON: that is how they are carried where they are encrypted.
const sizeOf = (error: Error & { details?: unknown }): number =>
  payloadSize(error.message) + payloadSize(error.stack) + payloadSize(error.details);

/** The error and what caused it, as far as a chain that makes sense can go. */
function causesOf(error: Error): readonly Error[] {
  const causes: Error[] = [];
  for (let at: unknown = error; at instanceof Error && causes.length < MOST_CAUSES; at = at.cause)
    causes.push(at);
  return causes;
}
