import { LIMITS } from '../../contract/limits.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { OperationTypeNode } from 'graphql';
import type { ExecutionResult, GraphQLSchema } from 'graphql';
import { executeOnce, follow } from './follow.ts';
import type { OperationArgs } from './follow.ts';
import { turnFor } from './document-rules.ts';
import type { Disclosure } from './disclosure.ts';
import { LiveOperations } from './live-operations.ts';
import type { OperationRequest } from './live-operations.ts';
import { createHeld } from '../schema/kit/context.ts';
import type { GatewayContext } from '../schema/kit/context.ts';
import type { HeldBytes, Holder } from '../../tools/held-bytes.ts';

export interface SseOptions {
  readonly schema: GraphQLSchema;
  readonly path: string;
  /** Of one operation, whose caller was let in before its body was read. */
  readonly context: (request: IncomingMessage) => GatewayContext;
  readonly disclosure?: Disclosure | undefined;
  readonly limits?: Partial<SseLimits> | undefined;
  /** What the process keeps for all its clients. */
  readonly held?: HeldBytes | undefined;
}

export interface SseLimits {
  /** Streams of this process. */
  readonly streams: number;
  /** Milliseconds between comments that keep proxies from closing an idle stream. */
  readonly keepAlive: number;
  /** Milliseconds in which a client must take what was written. */
  readonly stall: number;
}

export const SSE_LIMITS: SseLimits = { streams: 10_000, keepAlive: 12_000, stall: 30_000 };

/**
 * Serves operations as server-sent events: `graphql-sse` in its distinct connections mode, one stream an
 * operation, so that any gateway can serve any of them.
 */
export function registerSse(app: FastifyInstance, options: SseOptions): void {
  const { schema, path, context, disclosure, held = createHeld() } = options;
  const limits = { ...SSE_LIMITS, ...options.limits };
  const operations = new LiveOperations(schema, app.log, disclosure);
  const streams = new Set<ServerResponse>();

  app.route({
    method: ['GET', 'POST'],
    url: path,
    bodyLimit: LIMITS.document.body,
    handler: async (request, reply) => {
      if (!(request.headers.accept ?? '').includes(EVENT_STREAM))
        return await refuse(reply, 406, `Expected the header \`accept: ${EVENT_STREAM}\`.`);
      const asked = parametersOf(request);
      if (typeof asked === 'string') return await refuse(reply, 400, asked);
      await turnFor(asked.query);
      const prepared = operations.prepare(asked);
      const kind = 'kind' in prepared ? prepared.kind : OperationTypeNode.QUERY;
      if (request.method === 'GET' && kind === OperationTypeNode.MUTATION)
        return await refuse(
          reply.header('allow', 'POST'),
          405,
          'A mutation cannot be sent by GET.',
        );
      if (streams.size >= limits.streams)
        return await refuse(reply.header('retry-after', '5'), 503, 'Too many streams are open.');

      const contextValue = context(request.raw);
      const results =
        'errors' in prepared
          ? once({ errors: prepared.errors })
          : await resultsOf(prepared.run(contextValue), kind);
      reply.hijack();
      const { raw } = reply;
      // From here on Fastify writes nothing.
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) raw.setHeader(name, value);
      streams.add(raw);
      // Without `complete`: the operation is not over, and its client may come back with a new credential.
      const unwatch = contextValue.session.watch(() => raw.destroy());
      raw.once('close', () => {
        unwatch();
        streams.delete(raw);
      });
      await new EventStream(raw, limits, held.open()).write(results, operations);
      return reply;
    },
  });
  app.addHook('preClose', async () => {
    // Without `complete`: the operation is not over, and clients connect again.
    for (const stream of streams) stream.destroy();
  });
}

const EVENT_STREAM = 'text/event-stream';

/** A response that is written no faster than its client reads. */
class EventStream {
  readonly #response: ServerResponse;
  readonly #limits: SseLimits;
  readonly #holder: Holder;

  constructor(response: ServerResponse, limits: SseLimits, holder: Holder) {
    this.#holder = holder;
    this.#response = response;
    this.#limits = limits;
    response.writeHead(200, {
      'content-type': `${EVENT_STREAM}; charset=utf-8`,
      'cache-control': 'no-cache, no-transform',
      // nginx would hold events back.
      'x-accel-buffering': 'no',
    });
  }

  /** Resolves when everything is written, or the client has gone. */
  async write(results: Results, operations: LiveOperations): Promise<void> {
    const response = this.#response;
    const leave = (): void => {
      results.return?.().catch((error: unknown) => operations.formatErrors([toError(error)]));
    };
    // A client can have left before there was anything to end.
    if (response.closed) leave();
    response.once('close', leave);
    // Some browsers take the headers for arrived only with the first byte.
    response.write(COMMENT);
    const timer = setInterval(() => {
      if (!response.writableNeedDrain) response.write(COMMENT);
    }, this.#limits.keepAlive);
    try {
      for await (const result of results) await this.#next(operations.toText(result));
    } catch (error) {
      await this.#next(JSON.stringify({ errors: operations.formatErrors([toError(error)]) }));
    } finally {
      clearInterval(timer);
      response.off('close', leave);
    }
    response.end('event: complete\ndata:\n\n');
  }

  async #next(result: string): Promise<void> {
    const response = this.#response;
    if (!response.writable) return;
    if (response.write(`event: next\ndata: ${result}\n\n`)) return;
    this.#holder.set(response.writableLength);
    const stalled = setTimeout(() => response.destroy(), this.#limits.stall);
    await new Promise<void>((resolve) => {
      const go = (): void => {
        response.off('drain', go).off('close', go);
        resolve();
      };
      response.once('drain', go).once('close', go);
    });
    clearTimeout(stalled);
    this.#holder.release();
  }
}

const COMMENT = ':\n\n';

type Results = AsyncIterableIterator<ExecutionResult>;

async function resultsOf(args: OperationArgs, kind: OperationTypeNode): Promise<Results> {
  const result = await (kind === OperationTypeNode.SUBSCRIPTION ? follow(args) : executeOnce(args));
  return Symbol.asyncIterator in result ? result : once(result);
}

async function* once(result: ExecutionResult): Results {
  yield result;
}

/** The operation that a request asks for, or why it asks for none. */
function parametersOf({ method, query, body }: FastifyRequest): OperationRequest | string {
  const given: unknown = method === 'GET' ? query : body;
  if (!isMap(given)) return 'Expected the body to be a JSON object.';
  const { query: text, operationName } = given;
  if (typeof text !== 'string' || text === '') return 'Expected `query` to be a GraphQL document.';
  if (operationName != null && typeof operationName !== 'string')
    return 'Expected `operationName` to be a text.';
  const variables =
    method === 'GET' ? parseJson(given['variables']) : (given['variables'] ?? undefined);
  if (variables !== undefined && !isMap(variables)) return 'Expected `variables` to be a map.';
  return { query: text, operationName, variables };
}

function parseJson(text: unknown): unknown {
  if (typeof text !== 'string' || text === '') return undefined;
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return text;
  }
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const refuse = async (
  reply: FastifyReply,
  status: number,
  message: string,
): Promise<FastifyReply> =>
  await reply.code(status).send({ errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] });

const toError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error));
