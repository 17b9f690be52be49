import { expect, test } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../../../src/contract/wire/run-fields.ts';
import type { SearchAttribute } from '../../../src/contract/wire/run-fields.ts';
import { enums } from '../../../src/service/temporal/proto.ts';
import { ensureSearchAttributes } from '../../../src/service/temporal/search-attributes.ts';
import { GrpcCode } from '../../../src/tools/grpc-code.ts';
import { grpcError } from '../../support/grpc-error.ts';

const { IndexedValueType } = enums;
const TYPES = {
  Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  Text: IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
  KeywordList: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
  Int: IndexedValueType.INDEXED_VALUE_TYPE_INT,
} as const;
const UNKNOWN = grpcError(GrpcCode.InvalidArgument, 'invalid search attribute: TaskName');

/** A Temporal that lists what is registered at once, and answers questions with it by these errors first. */
function temporal({ registered = true, errors = [] as Error[] } = {}) {
  const asked: string[] = [];
  let known = registered;
  const connection = {
    withDeadline: (_: number | Date, question: () => Promise<unknown>) => question(),
    operatorService: {
      async listSearchAttributes() {
        const all = Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, TYPES[type]]);
        return { customAttributes: known ? Object.fromEntries(all) : {} };
      },
      async addSearchAttributes() {
        asked.push('add');
        known = true;
      },
    },
    workflowService: {
      async countWorkflowExecutions({ query }: { readonly query: string }) {
        asked.push(query);
        const error = errors.shift();
        if (error) throw error;
        return { count: 0 };
      },
    },
  };
  return { asked, connection: connection as never };
}

const names = Object.keys(SEARCH_ATTRIBUTES) as SearchAttribute[];
const ALL = names.map((name) => `${name} IS NULL`).join(' AND ');

test('attributes that are listed and not usable yet are waited for', async () => {
  const { asked, connection } = temporal({ errors: [UNKNOWN, UNKNOWN] });
  await ensureSearchAttributes(connection, { namespace: 'default' });
  expect(asked).toEqual([ALL, ALL, ALL]);
});

test('so are those that were registered here, also by a Temporal that is busy', async () => {
  const busy = grpcError(GrpcCode.ResourceExhausted, 'namespace rate limit exceeded');
  const { asked, connection } = temporal({ registered: false, errors: [busy, UNKNOWN] });
  await ensureSearchAttributes(connection, { namespace: 'default' });
  expect(asked).toEqual(['add', ALL, ALL, ALL]);
});

test('the wait ends with what Temporal said', async () => {
  const { connection } = temporal({ errors: [UNKNOWN, UNKNOWN] });
  await expect(
    ensureSearchAttributes(connection, { namespace: 'mine', patience: 0 }),
  ).rejects.toThrow(/namespace "mine".*cannot use them.*invalid search attribute: TaskName/);
});

test('the wait can be given up', async () => {
  const { connection } = temporal({ errors: [UNKNOWN, UNKNOWN] });
  await expect(
    ensureSearchAttributes(connection, { namespace: 'default', signal: AbortSignal.abort() }),
  ).rejects.toThrow('aborted');
});

test('a failure that waiting does not mend is told at once', async () => {
  const { asked, connection } = temporal({ errors: [grpcError(GrpcCode.Internal, 'broken')] });
  await expect(ensureSearchAttributes(connection, { namespace: 'default' })).rejects.toThrow(
    'broken',
  );
  expect(asked).toEqual([ALL]);
});
