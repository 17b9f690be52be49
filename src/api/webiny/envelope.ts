import { randomUUID } from 'node:crypto';
import { GraphQLError } from 'graphql';
import { TaskError } from '../../contract/task-error.ts';
import { type ErrorLog, toPublicError } from '../transport/errors.ts';
import { ContractError } from './contract-error.ts';

/** `WebinyBackgroundTaskError`. */
export interface EnvelopeError {
  readonly message: string;
  readonly code: string;
  readonly data: unknown;
  readonly stack: null;
}
export interface Envelope<Data> {
  readonly data: Data | null;
  readonly error: EnvelopeError | null;
}

/** Answers with what the work resolves to, or with its error. */
export async function envelope<Data>(
  log: ErrorLog,
  work: () => Data | Promise<Data | null>,
): Promise<Envelope<Data>> {
  try {
    return { data: await work(), error: null };
  } catch (error) {
    return { data: null, error: toEnvelopeError(error, log) };
  }
}

/** The same for mutations, where a lack of rights is an error of the whole request, as clients expect it. */
export async function mutationEnvelope<Data>(
  log: ErrorLog,
  work: () => Promise<Data>,
): Promise<Envelope<Data>> {
  return await envelope(log, async () => {
    try {
      return await work();
    } catch (error) {
      throw isForbidden(error) ? new Unauthorized() : error;
    }
  });
}

class Unauthorized extends Error {}

const NOT_AUTHORIZED = { message: 'Not authorized!', code: 'SECURITY_NOT_AUTHORIZED' };
const isForbidden = (error: unknown): boolean =>
  error instanceof TaskError && error.code === 'FORBIDDEN';

function toEnvelopeError(error: unknown, log: ErrorLog): EnvelopeError {
  if (error instanceof Unauthorized)
    throw new GraphQLError(NOT_AUTHORIZED.message, { extensions: { code: NOT_AUTHORIZED.code } });
  if (error instanceof ContractError)
    return { message: error.message, code: error.code, data: error.data, stack: null };
  if (isForbidden(error)) return { ...NOT_AUTHORIZED, data: null, stack: null };
  const { message, code, details } = toPublicError(error, { log, requestId: randomUUID() });
  return {
    message,
    code,
    data: Object.keys(details).length > 0 ? details : null,
    stack: null,
  };
}
