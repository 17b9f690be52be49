import { setImmediate as turn } from 'node:timers/promises';
import { getIntrospectionQuery } from 'graphql';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../src/contract/limits.ts';
import { turnFor } from '../../../src/api/transport/document-rules.ts';
import { testGateway } from '../support/app.ts';

const { app, post } = await testGateway();
const refusal = async (query: string): Promise<{ message: string; code: string }> => {
  const { status, body } = await post(query);
  expect(status).toBeLessThan(500);
  expect(body.data).toBeUndefined();
  const [{ message, extensions }] = body.errors;
  return { message, code: extensions?.code };
};
const nested = (depth: number): string =>
  '{ backgroundTasks { listTasks(limit: 1) { data {' +
  ' logs(limit: 1) { task {'.repeat(depth) +
  ' id ' +
  '} }'.repeat(depth) +
  '} } } }';

const aliases = (count: number): string =>
  `{ ${Array.from({ length: count }, (_, i) => `a${i}: __typename`).join(' ')} }`;
const pagesOf = (limit: number): string =>
  `{ backgroundTasks { listTasks(limit: ${limit}) { data { logs { items { message createdOn type data error } } } } } }`;

describe('a document', () => {
  test('that nests deep is refused', async () => {
    expect((await post(nested(4))).body.errors).toBeUndefined();
    expect(await refusal(nested(7))).toEqual({
      message: expect.stringContaining(`at most ${LIMITS.document.depth} levels`),
      code: 'LIMIT_EXCEEDED',
    });
  });

  test('that nests deep through fragments is refused', async () => {
    const fragments = Array.from(
      { length: 7 },
      (_, i) =>
        `fragment F${i} on WebinyBackgroundTask { logs(limit: 1) { task { ...F${i + 1} } } }`,
    ).join('\n');
    const query = `{ backgroundTasks { getTask(id: "x") { data { ...F0 } } } } ${fragments} fragment F7 on WebinyBackgroundTask { id }`;
    expect(await refusal(query)).toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  test('of many aliases is refused', async () => {
    expect((await post(aliases(LIMITS.document.aliases))).body.errors).toBeUndefined();
    expect(await refusal(aliases(LIMITS.document.aliases + 1))).toEqual({
      message: `A document may have at most ${LIMITS.document.aliases} aliases.`,
      code: 'LIMIT_EXCEEDED',
    });
  });

  test('of many directives is refused', async () => {
    const fields = Array.from(
      { length: LIMITS.document.directives + 1 },
      () => '__typename @skip(if: false)',
    );
    expect(await refusal(`{ ${fields.join(' ')} }`)).toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  test('of many tokens is refused', async () => {
    const query = `{ ${'__typename '.repeat(LIMITS.document.tokens)} }`;
    expect((await refusal(query)).message).toContain('tokens');
  });

  test('of many comments or a long text is refused', async () => {
    expect(await refusal(`{ __typename } #${'x'.repeat(LIMITS.document.text)}`)).toMatchObject({
      message: expect.stringContaining('variables'),
    });
  });

  test.each(['{"kind":"Document","definitions":[]}', '123', 'null', '[]', '"text"'])(
    'that is JSON, %s, is refused',
    async (query) => {
      expect(await refusal(query)).toEqual({
        message: 'Expected `query` to be GraphQL text, got JSON.',
        code: 'BAD_REQUEST',
      });
    },
  );

  test('that asks for pages in pages is refused by what they could hold', async () => {
    expect((await post(pagesOf(100))).body.errors).toBeUndefined();
    expect(await refusal(pagesOf(1000))).toEqual({
      message: expect.stringContaining(`at most ${LIMITS.document.cost} fields, got`),
      code: 'LIMIT_EXCEEDED',
    });
  });

  test('that doubles itself through fragments is refused at once', async () => {
    const fragments = Array.from(
      { length: 40 },
      (_, i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`,
    ).join('\n');
    const began = Date.now();
    expect(
      await refusal(`{ ...F0 } ${fragments} fragment F40 on Query { backgroundTasks { _empty } }`),
    ).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(Date.now() - began).toBeLessThan(5000);
  });

  test('whose fragments go round in circles is refused', async () => {
    expect(
      (await refusal('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }')).message,
    ).toMatch(/Cannot spread fragment/);
  });

  test('of many overlapping fields is refused before they are compared', async () => {
    const fragments = Array.from({ length: 1000 }, (_, i) => `...F${i}`).join(' ');
    const bodies = Array.from({ length: 1000 }, (_, i) => `fragment F${i} on Query { __typename }`);
    expect((await refusal(`{ ${fragments} } ${bodies.join(' ')}`)).message).toContain('tokens');
  });
});

test('introspection is allowed', async () => {
  const { body } = await post(getIntrospectionQuery());
  expect(body.errors).toBeUndefined();
  expect(body.data.__schema.queryType.name).toBe('Query');
});

test('introspection that goes round in circles is refused', async () => {
  const deep = `{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }`;
  expect((await refusal(deep)).message).toMatch(/introspection depth/i);
});

test('a body of more than 1 MiB is 413', async () => {
  const reply = await app.inject({
    method: 'POST',
    url: '/graphql',
    payload: { query: '{ __typename }', variables: { x: 'x'.repeat(LIMITS.document.body) } },
  });
  expect(reply.statusCode).toBe(413);
  expect(reply.json().errors).toHaveLength(1);
});

test('an answer that is refused again and again is refused the same way', async () => {
  const first = await refusal('{ nothing }');
  expect(await refusal('{ nothing }')).toEqual(first);
});

test('keys that would change a prototype are refused', async () => {
  const reply = await app.inject({
    method: 'POST',
    url: '/graphql',
    payload: '{"query":"{ __typename }","variables":{"__proto__":{"x":1}}}',
    headers: { 'content-type': 'application/json' },
  });
  expect(reply.statusCode).toBe(400);
});

describe('a page size in a variable', () => {
  const QUERY = `query ($n: Int = 1000) { backgroundTasks { listTasks(limit: $n) { data { logs { items { message createdOn type data error } } } } } }`;

  test('counts by its value', async () => {
    expect((await post(QUERY, { n: 100 })).body.errors).toBeUndefined();
    const { body } = await post(QUERY, { n: 1000 });
    expect(body.errors[0]).toMatchObject({
      message: expect.stringContaining(`at most ${LIMITS.document.cost} fields, got`),
      extensions: { code: 'LIMIT_EXCEEDED' },
    });
  });

  test('counts by its default when none is given', async () => {
    expect((await post(QUERY)).body.errors[0].extensions.code).toBe('LIMIT_EXCEEDED');
  });
});

test('of long documents one is begun in each turn of the event loop, and short ones do not wait', async () => {
  const begun: string[] = [];
  for (let i = 0; i < 5; i++)
    void turnFor(`{ a } #${'x'.repeat(2000)}`).then(() => begun.push('long'));
  void turnFor('{ a }').then(() => begun.push('short'));
  await Promise.resolve().then(() => {});
  expect(begun).toEqual(['short']);
  for (let most = 2; begun.length < 6; most++) {
    await turn();
    expect(begun.length).toBeLessThanOrEqual(most);
  }
});
