import { randomUUID } from 'node:crypto';
import { getOperationAST, GraphQLError } from 'graphql';
import type {
  DocumentNode,
  ExecutionResult,
  FormattedExecutionResult,
  GraphQLFormattedError,
  GraphQLSchema,
  OperationTypeNode,
} from 'graphql';
import { Kept } from '../../tools/kept.ts';
import type { Disclosure } from './disclosure.ts';
import { rulesFor } from './disclosure.ts';
import { toFormattedErrors } from './errors.ts';
import type { ErrorLog } from './errors.ts';
import { parseDocument, refuseCost } from './document-rules.ts';
import type { OperationArgs } from './follow.ts';
import type { GatewayContext } from '../schema/kit/context.ts';

/** What a client sent to be run, its types checked. */
export interface OperationRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

export type Prepared =
  | { readonly errors: readonly GraphQLError[] }
  | {
      readonly kind: OperationTypeNode;
      /** Throws when the process has no room for it. */
      readonly run: (contextValue: GatewayContext) => OperationArgs;
    };

/** Reads operations and writes results for the transports that keep a connection open: as HTTP does, with its limits and masks. */
export class LiveOperations {
  readonly #schema: GraphQLSchema;
  readonly #log: ErrorLog;
  readonly #disclosure: Disclosure;
  readonly #documents = new Kept<DocumentNode>({ most: CACHED });
  readonly #texts = new WeakMap<object, string>();

  constructor(schema: GraphQLSchema, log: ErrorLog, disclosure: Disclosure = {}) {
    this.#schema = schema;
    this.#log = log;
    this.#disclosure = disclosure;
  }

  prepare({ query, operationName, variables }: OperationRequest): Prepared {
    const parsed = this.#documentOf(query);
    if ('errors' in parsed) return parsed;
    const { document } = parsed;
    const operation = getOperationAST(document, operationName);
    if (!operation)
      return {
        errors: [
          new GraphQLError(
            'Expected `operationName` to name one of the operations of the document.',
            { extensions: { code: 'BAD_REQUEST' } },
          ),
        ],
      };
    const costly = refuseCost(this.#schema, document, operation, variables ?? {});
    if (costly) return { errors: [costly] };
    return {
      kind: operation.operation,
      run: (contextValue) => {
        contextValue.operation.begin([query, variables]);
        return {
          schema: this.#schema,
          document,
          contextValue,
          ...(operationName != null && { operationName }),
          ...(variables && { variableValues: variables }),
        };
      },
    };
  }

  /** A result as clients may see it, in JSON; of one that is the same for many it is made once. */
  toText(result: Nullish<ExecutionResult>): string {
    const known = this.#texts.get(result);
    if (known !== undefined) return known;
    const text = JSON.stringify(this.format(result));
    // Each client that gets an error is told an id of its own.
    if (!result.errors) this.#texts.set(result, text);
    return text;
  }

  /** A result as clients may see it. */
  format({ errors, data }: Nullish<ExecutionResult>): FormattedExecutionResult {
    return {
      ...(data !== undefined && { data }),
      ...(errors && { errors: this.formatErrors(errors) }),
    };
  }

  formatErrors(errors: readonly Error[]): readonly GraphQLFormattedError[] {
    return toFormattedErrors(errors, {
      ...this.#disclosure,
      log: this.#log,
      requestId: randomUUID(),
    });
  }

  /** Clients that come back all at once send the same few documents. */
  #documentOf(query: string): ReturnType<typeof parseDocument> {
    const known = this.#documents.get(query);
    if (known) return { document: known };
    const parsed = parseDocument(this.#schema, query, rulesFor(this.#disclosure));
    if ('document' in parsed && query.length <= CACHED_TEXT)
      this.#documents.set(query, parsed.document);
    return parsed;
  }
}

type Nullish<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Documents, and characters of each. */
const CACHED = 256;
const CACHED_TEXT = 16 * 1024;
