import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { checkInput } from '../../../src/contract/rules/check-input.ts';
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

  test('that is larger than Temporal carries is refused before it is looked at', async () => {
    const letters = 'é'.repeat(1 << 20);
    await expect(checkInput(taking(z.number()), letters)).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
    });
  });
});
