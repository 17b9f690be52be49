import { expect, test } from 'vitest';
import { z } from 'zod';
import { describeDefinitions } from '../../../src/contract/rules/describe-definition.ts';
import { defineTask } from '../../../src/workflows/define-task.ts';

const define = (id: string, input: z.ZodType = z.object({})) =>
  defineTask({ id, title: id, input, run: () => null });

test('definitions are listed with testingRun first, and then by id', () => {
  const tasks = { b: define('b'), testingRun: define('testingRun'), a: define('a') };
  expect(describeDefinitions(tasks).map(({ id }) => id)).toEqual(['testingRun', 'a', 'b']);
});

test('the input is described as a caller gives it, before defaults and transforms', () => {
  const input = z.object({
    pages: z.number().default(1),
    name: z.string().transform((name) => name.length),
  });
  expect(describeDefinitions({ a: define('a', input) })[0]?.inputSchema).toMatchObject({
    properties: { pages: { type: 'number', default: 1 }, name: { type: 'string' } },
    required: ['name'],
  });
});

test('what JSON Schema cannot say is anything', () => {
  const input = z.object({ at: z.date() });
  expect(describeDefinitions({ a: define('a', input) })[0]?.inputSchema).toMatchObject({
    properties: { at: {} },
  });
});

test('the catalogue of a module is made once', () => {
  const module = { a: define('a') };
  expect(describeDefinitions(module)).toBe(describeDefinitions(module));
});
