import { GraphQLObjectType, GraphQLSchema, GraphQLString, parse } from 'graphql';
import { sessionOf } from '../../../src/login/session.ts';
import { expect, test } from 'vitest';
import { createContext } from '../../../src/api/schema/kit/context.ts';
import { follow } from '../../../src/api/transport/follow.ts';
import { gatewayOf } from '../schema/support.ts';

const { tasks } = gatewayOf();

/** A subscription whose events are the same objects for all who follow. */
function followed({ sameForAll }: { readonly sameForAll: boolean }) {
  let made = 0;
  let returned = 0;
  const events = [{ text: 'a' }, { text: 'b' }];
  const Event = new GraphQLObjectType({
    name: 'Event',
    fields: {
      text: {
        type: GraphQLString,
        resolve: ({ text }: { text: string }) => {
          made++;
          if (text === 'b') throw new Error('no b');
          return text;
        },
      },
    },
  });
  const query = new GraphQLObjectType({ name: 'Query', fields: { a: { type: GraphQLString } } });
  const subscription = new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      event: {
        type: Event,
        extensions: { sameForAll },
        args: { from: { type: GraphQLString } },
        subscribe: () => {
          const items = events.values();
          return {
            next: async () => await Promise.resolve(items.next()),
            return: async () => {
              returned++;
              return await Promise.resolve({ done: true, value: undefined });
            },
            [Symbol.asyncIterator]() {
              return this;
            },
          };
        },
        resolve: (event: unknown) => event,
      },
      broken: {
        type: Event,
        extensions: { sameForAll },
        subscribe: () => {
          throw new Error('not today');
        },
      },
    },
  });
  const schema = new GraphQLSchema({ query, subscription });
  const open = async (document: ReturnType<typeof parse>, variableValues = {}) => {
    const results = await follow({
      schema,
      document,
      variableValues,
      contextValue: createContext({ tasks, session: sessionOf({ name: 'ada' }) }),
    });
    if (!(Symbol.asyncIterator in results)) throw new Error(results.errors?.[0]?.message);
    return results;
  };
  return { open, made: () => made, returned: () => returned };
}

const read = async (results: AsyncIterable<{ data?: unknown; errors?: readonly Error[] }>) => {
  const seen: unknown[] = [];
  for await (const { data, errors } of results) seen.push(errors?.[0]?.message ?? data);
  return seen;
};
const SEEN = [{ event: { text: 'a' } }, 'no b'];

test('an event that is the same for all is made once, wherever each of them starts', async () => {
  const { open, made } = followed({ sameForAll: true });
  const document = parse('subscription ($from: String) { event(from: $from) { text } }');
  expect(await read(await open(document, { from: '1' }))).toEqual(SEEN);
  expect(await read(await open(document, { from: '2' }))).toEqual(SEEN);
  expect(made()).toBe(2);
});

test('another document has results of its own', async () => {
  const { open, made } = followed({ sameForAll: true });
  await read(await open(parse('subscription { event { text } }')));
  expect(await read(await open(parse('subscription { event { again: text } }')))).toEqual([
    { event: { again: 'a' } },
    'no b',
  ]);
  expect(made()).toBe(4);
});

test('what depends on variables is made for each', async () => {
  const { open } = followed({ sameForAll: true });
  const document = parse(
    'subscription ($show: Boolean!) { event { __typename text @include(if: $show) } }',
  );
  expect(await read(await open(document, { show: true }))).toEqual([
    { event: { __typename: 'Event', text: 'a' } },
    'no b',
  ]);
  expect(await read(await open(document, { show: false }))).toEqual([
    { event: { __typename: 'Event' } },
    { event: { __typename: 'Event' } },
  ]);
});

test('an event that is not the same for all is made for each', async () => {
  const { open, made } = followed({ sameForAll: false });
  const document = parse('subscription { event { text } }');
  await read(await open(document));
  await read(await open(document));
  expect(made()).toBe(4);
});

test.each([true, false])(
  'who stops ends the source, and what cannot start says why (same for all: %s)',
  async (sameForAll) => {
    const { open, returned } = followed({ sameForAll });
    const results = await open(parse('subscription { event { text } }'));
    await results.next();
    expect(await results.return()).toEqual({ done: true, value: undefined });
    expect(returned()).toBe(1);
    await expect(open(parse('subscription { broken { text } }'))).rejects.toThrow('not today');
  },
);
