import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { checkInput } from '../../../src/contract/input/check-input.ts';
import type { TaskDescription } from '../../../src/contract/task-definition.ts';

const taking = (input: z.ZodType): TaskDescription => ({
  id: 'greet',
  title: 'Greet',
  description: '',
  private: false,
  input,
  output: undefined,
  grace: 0,
  examples: [],
});

const nested = (levels: number): unknown =>
  Array.from({ length: levels }).reduce((child) => ({ child }), null);

describe('an input', () => {
  test('that fits is answered as its schema reads it', async () => {
    const schema = z.object({ name: z.string().trim(), loud: z.boolean().default(false) });
    expect(await checkInput(taking(schema), { name: ' Ann ' })).toEqual({
      name: 'Ann',
      loud: false,
    });
  });

  test('may be checked by what takes time', async () => {
    const schema = z.string().refine(async (name) => name !== 'Bob', 'Not Bob');
    await expect(checkInput(taking(schema), 'Bob')).rejects.toMatchObject({
      message: 'The input of greet is not valid. Not Bob',
    });
  });

  test('has one issue a field, however much is wrong with it', async () => {
    const schema = z.object({ name: z.string().min(5).regex(/^x/), at: z.array(z.number()) });
    await expect(checkInput(taking(schema), { name: 'a', at: [1, 'b'] })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      details: {
        issues: [
          { path: ['name'], code: 'too_small' },
          { path: ['at', 1], code: 'invalid_type' },
        ],
      },
    });
  });

  test('with many issues is told by the first of them', async () => {
    const schema = z.array(z.number());
    await expect(checkInput(taking(schema), 'abcdefgh'.split(''))).rejects.toThrow(/and 3 more$/);
  });

  test('that has no JSON is refused', async () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    for (const input of [cycle, { n: 1n }])
      await expect(checkInput(taking(z.unknown()), input)).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        details: { issues: [{ path: [], code: 'not_json' }] },
      });
  });

  const toSize = z.union([z.string(), z.number()]).transform((size) => BigInt(size));
  test.each<[string, z.ZodType, unknown, (string | number)[]]>([
    ['of a field', z.object({ size: toSize }), { size: 'large' }, ['size']],
    ['of an item', z.array(z.object({ size: toSize })), [{ size: 1 }, { size: 'x' }], [1, 'size']],
    ['of a tuple', z.tuple([z.string()]).rest(toSize), ['large', 1, 'x'], [2]],
    ['of a record', z.record(z.string(), toSize), { a: 1, b: 'x' }, ['b']],
    ['of what a record may hold', z.object({}).catchall(toSize), { b: 'x' }, ['b']],
    ['under a default', z.object({ size: toSize.default(1n) }), { size: 'x' }, ['size']],
    ['of one of many', z.union([z.number(), z.object({ size: toSize })]), { size: 'x' }, ['size']],
    ['of both of two', z.intersection(z.object({}), z.object({ a: toSize })), { a: 'x' }, ['a']],
    ['of a lazy one', z.lazy(() => z.object({ size: toSize })), { size: 'x' }, ['size']],
    ['before a transform', z.object({ size: toSize }).transform(String), { size: 'x' }, ['size']],
    ['of all', toSize, 'x', []],
  ])('on which the code %s throws is refused, with its path', async (_, schema, input, path) => {
    await expect(checkInput(taking(schema), input)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      details: {
        issues: [{ path, code: 'unreadable', message: expect.stringContaining('Cannot convert') }],
      },
    });
  });

  test('on which anything at all is thrown is refused', async () => {
    for (const thrown of [undefined, 'text', Object.create(null), new TypeError('no')]) {
      const schema = z.string().refine(() => {
        throw thrown;
      });
      await expect(checkInput(taking(schema), '')).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    }
  });

  const tree: z.ZodType = z.lazy(() => z.object({ child: tree.nullable() }));

  test('may be 200 levels deep, and is refused with its path when it is deeper', async () => {
    await checkInput(taking(tree), nested(200));
    for (const levels of [201, 2000])
      await expect(checkInput(taking(tree), nested(levels))).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        details: { issues: [{ path: ['child'], code: 'too_deep' }] },
      });
  });

  test('that has no end is refused', async () => {
    await expect(checkInput(taking(tree), nested(100_000))).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      details: { issues: [{ path: [], code: 'not_json' }] },
    });
  });

  test('that is larger than Temporal carries is refused before it is looked at', async () => {
    const letters = 'é'.repeat(1 << 20);
    await expect(checkInput(taking(z.number()), letters)).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
    });
  });
});
