import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionLike } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import type { SearchAttributePair } from '@temporalio/common';
import { encodeUnifiedSearchAttributes } from '@temporalio/common/lib/converter/payload-search-attributes.js';
import type { temporal } from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../../contract/wire/run-fields.ts';
import type { SearchAttribute } from '../../contract/wire/run-fields.ts';
import { enums } from './proto.ts';
import { GrpcCode } from '../../tools/grpc-code.ts';
import { grpcErrorOf, hasCode, isBusy, isRefused } from './grpc.ts';

const { IndexedValueType } = enums;
type IndexedType = temporal.api.enums.v1.IndexedValueType;

const INDEXED_TYPE = {
  Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  Text: IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
  KeywordList: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
  Int: IndexedValueType.INDEXED_VALUE_TYPE_INT,
} as const;
type TypeName = keyof typeof INDEXED_TYPE;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `Object.entries` widens the keys
const WANTED = Object.entries(SEARCH_ATTRIBUTES) as readonly [SearchAttribute, TypeName][];

export interface EnsureOptions {
  readonly namespace: string;
  /** Milliseconds that a namespace may take until it knows what was registered. */
  readonly patience?: number;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Registers what the namespace lacks, verifies all of it and waits until it can be used; rejects with what is wrong.
 * A run that writes an attribute which is not there fails its workflow task for ever, so nothing may start without them.
 */
export async function ensureSearchAttributes(
  connection: Pick<ConnectionLike, 'operatorService' | 'workflowService' | 'withDeadline'>,
  { namespace, patience = 75_000, signal }: EnsureOptions,
): Promise<void> {
  const { operatorService, workflowService } = connection;
  const ask = <R>(question: () => Promise<R>): Promise<R> =>
    connection.withDeadline(Date.now() + 10_000, question);
  const count = (query: string): Promise<unknown> =>
    ask(() => workflowService.countWorkflowExecutions({ namespace, query }));
  const lacking = async (): Promise<readonly SearchAttribute[]> => {
    const { customAttributes } = await ask(() =>
      operatorService.listSearchAttributes({ namespace }),
    );
    return lackingOf(customAttributes, namespace);
  };

  try {
    const names = await lacking();
    if (names.length > 0)
      await ask(() =>
        operatorService.addSearchAttributes({
          namespace,
          searchAttributes: Object.fromEntries(
            names.map((name) => [name, INDEXED_TYPE[SEARCH_ATTRIBUTES[name]]]),
          ),
        }),
      );
  } catch (error) {
    if (!isRefused(error)) throw explained(error, namespace);
    return verifyByUse(count, namespace);
  }
  // What is listed may have been registered a moment ago, by another process: a cluster caches for up to a minute
  // what a namespace has, and until then refuses runs that use it.
  for (const ends = Date.now() + patience; ; await sleep(250, undefined, { signal })) {
    const missing = await whatIsMissing(lacking, count);
    if (missing === undefined) return;
    if (Date.now() >= ends)
      throw new Error(
        `Temporal has registered the search attributes of namespace "${namespace}", but cannot use them after ${patience / 1000} s: ${missing}.`,
      );
  }
}

/** Why the attributes cannot be used yet; undefined when they can. */
async function whatIsMissing(
  lacking: () => Promise<readonly SearchAttribute[]>,
  count: (query: string) => Promise<unknown>,
): Promise<string | undefined> {
  try {
    const names = await lacking();
    if (names.length > 0) return `it does not list ${names.join(', ')}`;
    await count(WANTED.map(([name]) => `${name} IS NULL`).join(' AND '));
    return undefined;
  } catch (error) {
    if (!hasCode(error, ...NOT_YET) && !isBusy(error)) throw error;
    return grpcErrorOf(error)?.details;
  }
}

/** Not known yet, or too busy to say. */
const NOT_YET = [GrpcCode.InvalidArgument, GrpcCode.DeadlineExceeded];

/** Temporal ignores a type change in silence, so it is looked for here. */
function lackingOf(
  registered: Readonly<Record<string, IndexedType>>,
  namespace: string,
): readonly SearchAttribute[] {
  const wrong = WANTED.filter(
    ([name, type]) => registered[name] !== undefined && registered[name] !== INDEXED_TYPE[type],
  );
  if (wrong.length > 0)
    throw new Error(
      `Namespace "${namespace}" has search attributes of another type: ${wrong
        .map(
          ([name, type]) => `expected ${name} to be ${type}, got ${nameOfType(registered[name])}`,
        )
        .join('; ')}. Use another namespace, or remove them there first.`,
    );
  return WANTED.flatMap(([name]) => (registered[name] === undefined ? [name] : []));
}

function nameOfType(type: IndexedType | undefined): string {
  const known = Object.entries(INDEXED_TYPE).find(([, value]) => value === type);
  return known?.[0] ?? (type === undefined ? 'none' : IndexedValueType[type]);
}

/** Temporal Cloud has no operator service: there attributes are registered by hand, and seen by asking with them. */
async function verifyByUse(
  count: (query: string) => Promise<unknown>,
  namespace: string,
): Promise<void> {
  const missing: string[] = [];
  for (const [name, type] of WANTED)
    try {
      await count(`${name} IS NULL`);
    } catch (error) {
      if (!hasCode(error, GrpcCode.InvalidArgument)) throw error;
      missing.push(`${name} (${type})`);
    }
  if (missing.length > 0)
    throw new Error(
      `Namespace "${namespace}" lacks search attributes, and Temporal does not let us register them: add ${missing.join(', ')} with its own tools; a new one is known within a minute.`,
    );
}

/** "cannot have more than 10 search attribute of type Keyword" and the like name neither whose nor which. */
function explained(cause: unknown, namespace: string): unknown {
  const error = grpcErrorOf(cause);
  if (error?.code !== GrpcCode.InvalidArgument) return cause;
  const all = WANTED.map(([name, type]) => `${name} (${type})`).join(', ');
  return new Error(
    `Namespace "${namespace}" does not take the search attributes ${all}: ${error.details}.`,
    { cause },
  );
}

/** Search attributes as Temporal's wire has them. */
export const encodeSearchAttributes = (
  values: Readonly<Partial<Record<SearchAttribute, string | number | readonly string[]>>>,
): Record<string, temporal.api.common.v1.IPayload> =>
  encodeUnifiedSearchAttributes(
    undefined,
    new TypedSearchAttributes(
      WANTED.flatMap(([name, type]) => {
        const value = values[name];
        return value === undefined ? [] : [toPair(name, type, value)];
      }),
    ),
  );

const PAIR_TYPE = {
  Keyword: 'KEYWORD',
  Text: 'TEXT',
  KeywordList: 'KEYWORD_LIST',
  Int: 'INT',
} as const satisfies Record<TypeName, string>;

const toPair = (
  name: SearchAttribute,
  type: TypeName,
  value: string | number | readonly string[],
): SearchAttributePair =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK checks at run time that type and value fit
  ({ key: { name, type: PAIR_TYPE[type] }, value }) as SearchAttributePair;
