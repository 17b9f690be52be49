import { describe, expect, test } from 'vitest';
import { DateTime, Json } from '../../../../src/api/schema/kit/scalars.ts';
import { gatewayOf } from '../support.ts';

describe('a time', () => {
  test.each([
    ['2026-11-24T06:00:00Z', '2026-11-24T06:00:00.000Z'],
    ['2026-11-24T07:00:00.5+01:00', '2026-11-24T06:00:00.500Z'],
    ['2024-02-29t06:00:00z', '2024-02-29T06:00:00.000Z'],
    ['2026-11-24T06:00:00.123456789Z', '2026-11-24T06:00:00.123Z'],
    ['2026-11-30T23:30:00-02:00', '2026-12-01T01:30:00.000Z'],
  ])('%s is one', (text, iso) => {
    expect(DateTime.serialize(DateTime.parseValue(text))).toBe(iso);
  });

  test.each([
    '2026-11-24T06:00:00',
    '2026-11-24',
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-11-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-24T24:00:00Z',
    '2026-11-24T06:00:60Z',
    '24 Nov 2026',
    '',
    ' 2026-11-24T06:00:00Z',
    1_764_000_000_000,
    true,
    {},
    ['2026-11-24T06:00:00Z'],
  ])('%j is none', (value) => {
    expect(() => DateTime.parseValue(value)).toThrow('Expected an RFC 3339 time with its zone');
  });
});

describe('JSON', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

  test('is any value', () => {
    for (const value of [null, true, 1.5, 'text', [], {}, { a: [{ b: null }] }, nested(200)])
      expect(Json.parseValue(value)).toEqual(value);
  });

  test.each([201, 2000])('of %i levels is too deep for an input', async (levels) => {
    const { read } = gatewayOf();
    const { triggerTask } = await read(
      'mutation ($more: JSON) { triggerTask(definition: "copyFiles", input: { folder: "a", more: $more }) { ... on InvalidInput { code issues { path } } } }',
      { more: nested(levels - 1) },
    );
    expect(triggerTask).toEqual({ code: 'INVALID_INPUT', issues: [{ path: ['more'] }] });
  });

  test('has no key that would change a prototype', () => {
    expect(() => Json.parseValue(JSON.parse('{"a": [{"__proto__": {}}]}'))).toThrow('__proto__');
  });

  test('holds no number that JSON cannot', async () => {
    for (const value of [Infinity, { a: [-Infinity] }, JSON.parse('[1e400]')])
      expect(() => Json.parseValue(value)).toThrow('Expected a number that JSON can hold');
    const { ask, tasks } = gatewayOf();
    for (const [mutation, variables] of [
      ['{ triggerTask(definition: "copyFiles", input: { folder: "a", n: 1e400 }) { __typename } }'],
      [
        `{ triggerTask(definition: "copyFiles", input: { n: -${'9'.repeat(400)} }) { __typename } }`,
      ],
      [
        '($input: JSON) { triggerTask(definition: "copyFiles", input: $input) { __typename } }',
        { input: JSON.parse('{ "folder": "a", "n": 1e400 }') },
      ],
    ] as const)
      expect((await ask(`mutation ${mutation}`, variables)).errors?.[0]?.message).toContain(
        'Expected a number that JSON can hold',
      );
    expect((await tasks.list()).runs).toEqual([]);
  });

  test('is written as a literal with variables in it', async () => {
    const { read, tasks } = gatewayOf();
    const { triggerTask } = await read(
      'mutation ($folder: JSON) { triggerTask(definition: "copyFiles", input: { folder: $folder, more: [1, 2.5, true, null, "x", { a: 1 }] }) { ... on TaskRunTriggered { run { id } } ... on Problem { message } } }',
      { folder: 'a' },
    );
    const input = await tasks.input(await tasks.get(triggerTask.run.id));
    expect(input).toEqual({ folder: 'a', more: [1, 2.5, true, null, 'x', { a: 1 }] });
  });
});
