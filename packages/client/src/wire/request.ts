import { TaskError } from '../../../../src/contract/task-error.ts';
import type { Credentials } from './credentials.ts';
import { GatewayError, refused, unreachable } from './wire-errors.ts';
import type { AnsweredError } from './wire-errors.ts';

export interface HttpOptions {
  readonly url: string;
  readonly credentials: Credentials;
  readonly fetch: typeof fetch;
}

interface RequestOptions extends HttpOptions {
  readonly accept: string;
}

/** An operation as it is sent. */
export interface Operation {
  readonly query: string;
  readonly variables: object;
}

/** An answer of GraphQL, or one part of it. */
export interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly AnsweredError[];
}

/** Sends an operation; a credential that is not taken is replaced once. Throws what the status of the answer says. */
export async function request(
  operation: Operation,
  { url, accept, credentials, fetch }: RequestOptions,
  signal: AbortSignal,
): Promise<Response> {
  for (let again = false; ; again = true) {
    const headers = {
      'content-type': 'application/json',
      accept,
      ...(await credentials.headers()),
    };
    const body = JSON.stringify(operation, whole);
    const response = await fetch(url, { method: 'POST', headers, body, signal }).catch(
      (cause: unknown) => {
        throw unreachable(cause);
      },
    );
    const { status } = response;
    if ((status !== 401 && status !== 403) || again || !credentials.refuse()) return response;
    await response.body?.cancel();
  }
}

/** JSON would write a number without end as null, which is nothing at all: as a text it is refused. */
const whole = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

/** The answer in a response. Throws what its status says when there is none in it, or nobody was let in. */
export async function answerOf(response: Response): Promise<Answer> {
  const { ok, status } = response;
  const text = await response.text().catch((cause: unknown) => {
    throw unreachable(cause);
  });
  const answer = answerIn(text);
  const [error] = answer?.errors ?? [];
  const message = error?.message ?? `The gateway answered with status ${status}.`;
  if (status === 401 || status === 403) throw refused(message);
  if (status === 413) throw new TaskError('PAYLOAD_TOO_LARGE', message);
  if (answer && (ok || error)) return answer;
  if (status === 429) throw new TaskError('RATE_LIMITED', message);
  // What stands before it does not know what became of the request.
  if (status === 502 || status === 504) throw unreachable(new Error(message));
  if (status >= 500) throw new TaskError('UNAVAILABLE', message);
  throw new GatewayError(`HTTP_${status}`, message);
}

export function answerIn(text: string): Answer | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' && answer !== null ? answer : undefined;
  } catch {
    return undefined;
  }
}
