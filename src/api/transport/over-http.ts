import { LIMITS } from '../../contract/limits.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  type DocumentNode,
  getOperationAST,
  GraphQLError,
  type GraphQLSchema,
  OperationTypeNode,
  parse,
} from 'graphql';
import type { ExecutionResult } from 'graphql';
import type { MercuriusContext, MercuriusOptions } from 'mercurius';
import Negotiator from 'negotiator';
import { TaskError } from '../../contract/task-error.ts';
import type { Disclosure } from './disclosure.ts';
import { rulesFor } from './disclosure.ts';
import { isRefusal, isValidationFailure, Refused, toFormattedErrors } from './errors.ts';
import { parseOptions, refuseCost, refuseText, turnFor } from './document-rules.ts';

/**
 * What mercurius leaves out of «GraphQL over HTTP»: media types and their status codes, parameters of the wrong
 * type, two operations by GET; and our limits and masks.
 */
export const overHttp = (disclosure: Disclosure) =>
  ({
    errorFormatter: ({ errors, data }, { reply }) => {
      const { log, request } = reply;
      if (data === undefined) sayWhenAgain(errors, reply);
      return {
        statusCode: statusOf(errors, data, request),
        response: {
          ...(data !== undefined && { data }),
          errors: toFormattedErrors(errors, { ...disclosure, log, requestId: request.id }),
        },
      };
    },
    validationRules: [...rulesFor(disclosure)],
    graphql: { parseOptions },
    // Bounds the memory of cached documents together with the limit on their length.
    cache: 256,
    // mercurius caches what its jit compiled by the text alone: a text of two operations would run the wrong one.
    jit: 0,
    allowBatchedQueries: false,
    additionalRouteOptions: {
      bodyLimit: LIMITS.document.body,
      preValidation: checkParameters,
      // mercurius' own, by its schema of an answer, makes texts of the list indices in the path of an error.
      serializerCompiler: () => toText,
      onSend: negotiate,
    },
  }) satisfies Partial<MercuriusOptions>;

/** In the order of sockets and event streams: what is refused is told in the same bytes over each transport. */
const toText = ({ data, ...rest }: ExecutionResult): string => JSON.stringify({ data, ...rest });

/** Answers what failed before or beside an operation, in the same form. */
export async function answerError(
  error: Error,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const scope = { log: request.log, requestId: request.id };
  const status = statusOf([error], undefined, request);
  sayWhenAgain([error], reply);
  return await reply.code(status).send({ errors: toFormattedErrors([error], scope) });
}

/** Answers for what is not there, in the same form. */
export async function answerNotFound(): Promise<never> {
  throw new Refused(404, 'There is nothing at this address.', 'NOT_FOUND');
}

/** What this path takes. A page of another origin is answered before this. */
export async function answerOptions(_: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  return await reply.code(204).header('allow', 'GET, POST, OPTIONS').send();
}

/** A hook of mercurius: subscriptions have transports of their own, and what costs too much is not begun. */
export async function checkOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  { reply }: Pick<MercuriusContext, 'reply'>,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const { operationName } = parametersOf(reply.request);
  const operation = getOperationAST(document, operationName);
  if (operation?.operation === OperationTypeNode.SUBSCRIPTION)
    throw new Refused(
      400,
      'Subscriptions need a WebSocket on this path (graphql-transport-ws), or server-sent events.',
    );
  const costly = operation && refuseCost(schema, document, operation, variables);
  if (costly) throw costly;
}

const JSON_TYPE = 'application/json';
const GRAPHQL_TYPE = 'application/graphql-response+json';

/** Checks the parameters of a request before Fastify's Ajv coerces them. */
async function checkParameters(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { method } = request;
  const parameters = parametersOf(request);
  if (method === 'GET') {
    for (const key of ['variables', 'extensions'])
      if (typeof parameters[key] === 'string' && parameters[key] !== '')
        checkParameter(key, parseMap(key, parameters[key]));
    await checkText(parameters['query']);
    checkGetOperation(parameters, reply);
    return;
  }
  // mercurius refuses `null` here, which the specification allows.
  if (parameters['extensions'] === null) delete parameters['extensions'];
  for (const key of ['query', 'operationName', 'variables', 'extensions'])
    checkParameter(key, parameters[key]);
  await checkText(parameters['query']);
}

interface Parameters {
  [key: string]: unknown;
  readonly operationName?: string;
}
function parametersOf({ method, body, query }: FastifyRequest): Parameters {
  const parameters = method === 'GET' ? query : body;
  if (Array.isArray(parameters))
    throw new Refused(400, 'Batched operations are not served: send one operation a request.');
  if (!isMap(parameters)) throw new Refused(400, 'Expected the body to be a JSON object.');
  return parameters;
}

function checkParameter(key: string, value: unknown): void {
  if (value === undefined || value === null) return;
  if (TEXTS.has(key) ? typeof value !== 'string' : !isMap(value))
    throw new Refused(400, `Expected \`${key}\` to be ${TEXTS.has(key) ? 'a text' : 'a map'}.`);
}
const TEXTS: ReadonlySet<string> = new Set(['query', 'operationName']);

function parseMap(key: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused(400, `Expected \`${key}\` to be JSON.`);
  }
}

async function checkText(query: unknown): Promise<void> {
  if (typeof query !== 'string' || query === '')
    throw new Refused(400, 'Expected `query` to be a GraphQL document.');
  const refusal = refuseText(query);
  if (refusal) throw new Refused(400, refusal.message);
  await turnFor(query);
}

/** A GET may only read; mercurius' own check fails on a document of several operations. */
function checkGetOperation({ query, operationName }: Parameters, reply: FastifyReply): void {
  let document: DocumentNode;
  try {
    document = parse(String(query), parseOptions);
  } catch {
    return; // mercurius says why
  }
  const operation = getOperationAST(document, operationName);
  if (!operation)
    throw new Refused(
      400,
      'Expected `operationName` to name one of the operations of the document.',
    );
  if (operation.operation === OperationTypeNode.QUERY) return;
  reply.header('allow', 'POST');
  throw new Refused(405, `A ${operation.operation} cannot be sent by GET.`);
}

/** The media type that a request wants: application/json unless it names the newer one. */
function mediaTypeOf(request: FastifyRequest): string {
  const accept = request.headers.accept ?? '';
  if (!accept.includes(GRAPHQL_TYPE)) return JSON_TYPE;
  return new Negotiator({ headers: { accept } }).mediaType([GRAPHQL_TYPE, JSON_TYPE]) ?? JSON_TYPE;
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

async function negotiate(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<unknown> {
  if (String(reply.getHeader('content-type')).startsWith(JSON_TYPE))
    reply.type(`${mediaTypeOf(request)}; charset=utf-8`);
  return payload;
}

function sayWhenAgain([error]: readonly Error[], reply: FastifyReply): void {
  const cause = causeOf(error);
  const { retryAfter } = cause instanceof TaskError ? cause.details : {};
  if (retryAfter !== undefined) void reply.header('retry-after', String(retryAfter));
}

const causeOf = (error: Error | undefined): Error | undefined =>
  (error instanceof GraphQLError && error.originalError) || error;

/** What was executed is answered with 200; what GraphQL refused is 400 only under the newer media type. */
function statusOf(errors: readonly Error[], data: unknown, request: FastifyRequest): number {
  if (data !== undefined) return 200;
  const [error] = errors;
  const cause = causeOf(error);
  if (isRefusal(cause) && !isValidationFailure(cause)) return cause.statusCode;
  if (isValidationFailure(cause) || cause instanceof GraphQLError)
    return mediaTypeOf(request) === GRAPHQL_TYPE ? 400 : 200;
  // The caller's own name was refused, or there is no room for the request.
  if (!(cause instanceof TaskError)) return 500;
  if (cause.code !== 'RATE_LIMITED') return 400;
  return cause.details.limit === undefined ? 503 : 429;
}
