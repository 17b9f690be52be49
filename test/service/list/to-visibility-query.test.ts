import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TaskRunStatus } from '../../../src/contract/task-run.ts';
import type { TaskRunFilter } from '../../../src/contract/tasks.ts';
import { toVisibilityQuery } from '../../../src/service/list/to-visibility-query.ts';

const context = {
  now: new Date('2026-11-24T12:00:00.123Z'),
  titles: new Map<string, string>(),
  wholeNamespace: true,
};
const textOf = (filter: TaskRunFilter): string | null => toVisibilityQuery(filter, context).text;
const attempt = (filter: TaskRunFilter): string | null | undefined => {
  try {
    return textOf(filter);
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_FILTER' });
    return undefined;
  }
};

/**
 * Temporal's own reading of a list filter: quoted texts with escapes and doubled quotes, four kinds of comments,
 * names in backticks; the outer single quotes of a value are then trimmed.
 */
function tokensOf(text: string): readonly string[] {
  const tokens: string[] = [];
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at);
    const [skipped] = /^(\s+|--[^\n]*|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)/.exec(rest) ?? [];
    if (skipped !== undefined) at += skipped.length;
    else if (rest.startsWith("'") || rest.startsWith('"')) {
      const { value, length } = literalOf(rest);
      tokens.push(`literal ${value.replace(/^'+|'+$/g, '')}`);
      at += length;
    } else {
      const [token = ''] = /^(`[^`]*`|[\w.]+|!=|>=|<=|.)/su.exec(rest) ?? [];
      tokens.push(token);
      at += token.length;
    }
  }
  return tokens;
}

function literalOf(text: string): { readonly value: string; readonly length: number } {
  const [quote = ''] = text;
  let value = '';
  for (let at = 1; at < text.length; at++) {
    const one = text[at] ?? '';
    if (one === '\\') value += text[++at] ?? '';
    else if (one !== quote) value += one;
    else if (text[at + 1] === quote) value += text[at++] ?? '';
    else return { value, length: at + 1 };
  }
  throw new Error(`A literal that never ends: ${text}`);
}

const HOSTILE = [
  "O'Brien",
  "it''s",
  'a\\',
  "\\' OR TemporalNamespaceDivision='x",
  '\\\' OR TaskTenant="F" -- ',
  "'quoted'",
  "a'",
  "'",
  "''",
  'back\\slash',
  'c:\\dir',
  '"dq"',
  'a"b',
  '`tick`',
  'a\tb',
  'a\nb',
  'a\0b',
  ' lead',
  'trail ',
  '♡',
  '\ufffd',
  '\ud800',
  '',
  ' ',
  'x'.repeat(256),
];
const HARMLESS = [
  '100%',
  'under_score',
  'a%b',
  'semi;colon -- x',
  '#hash',
  '/*c*/',
  '// x',
  '(p)',
  'a,b',
  'ünïcødé',
  '🎉',
  'null',
  '5',
  'OR 1=1',
];
const LISTS = [
  'ids',
  'idsNot',
  'definition',
  'definitionNot',
  'tagsAny',
  'tagsAll',
  'tagsNone',
  'parent',
  'parentNot',
  'actor',
  'actorNot',
  'name',
  'nameNot',
  'rerunOf',
] as const satisfies (keyof TaskRunFilter)[];

test('a tenant is asked for by what nothing can change, too', () => {
  expect(textOf({ tenant: 'acme' })).toContain(
    "TaskTenant = 'acme' AND WorkflowId STARTS_WITH 'acme~'",
  );
});

describe('values', () => {
  test.each(LISTS)('that Temporal cannot hold are refused in `%s`, and named', (field) => {
    for (const value of HOSTILE)
      expect(() => textOf({ [field]: ['fine', value] })).toThrow(
        expect.objectContaining({
          code: 'INVALID_FILTER',
          message: expect.stringContaining(`\`${field}\``),
        }),
      );
  });

  test.each(HOSTILE)('%j is refused as a prefix', (value) => {
    expect(attempt({ namePrefix: value })).toBeUndefined();
  });

  test.each(LISTS)('that look like SQL are one literal in `%s`', (field) => {
    for (const value of HARMLESS)
      expect(tokensOf(textOf({ [field]: [value] }) ?? '')).toEqual(
        tokensOf(textOf({ [field]: ['benign'] }) ?? '').map((token) =>
          token === 'literal benign'
            ? `literal ${field.startsWith('tags') ? value.toLowerCase() : value}`
            : token,
        ),
      );
  });

  test('are refused or read by Temporal as exactly themselves, whatever they are', () => {
    const piece = fc.constantFrom(
      "'",
      '"',
      '\\',
      '--',
      '#',
      '/*',
      '*/',
      '`',
      ' OR ',
      ' ',
      '(',
      ')',
      ',',
      'x',
      '=',
      '%',
      '\n',
      "''",
    );
    const value = fc.oneof(
      fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.string({ unit: 'grapheme', maxLength: 30 }),
      fc.string({ maxLength: 30 }),
    );
    let accepted = 0;
    fc.assert(
      fc.property(fc.constantFrom(...LISTS), value, (field, value) => {
        const text = attempt({ [field]: [value] });
        if (text === undefined || value.includes('?')) return;
        accepted++;
        const benign = textOf({ [field]: ['benign'] });
        const read = field.startsWith('tags') ? value.toLowerCase() : value;
        expect(tokensOf(text ?? '')).toEqual(
          tokensOf(benign ?? '').map((token) =>
            token === 'literal benign' ? `literal ${read}` : token,
          ),
        );
      }),
      { numRuns: 10_000 },
    );
    expect(accepted).toBeGreaterThan(1000);
  });

  test.each<[keyof TaskRunFilter, string, string]>([
    ['name', 'Ready?', "(TaskName IN ('plain') OR TaskName STARTS_WITH 'Ready')"],
    ['ids', 'Is it ? Yes', "(WorkflowId IN ('plain') OR WorkflowId STARTS_WITH 'Is it')"],
    ['nameNot', 'Ready?', "TaskName NOT IN ('plain')"],
    ['tagsAll', 'ready?', "TaskTags = 'plain'"],
  ])('with a `?` in `%s` are asked for as far as they can be', (field, value, term) => {
    const { text, rest, countable } = toVisibilityQuery({ [field]: ['plain', value] }, context);
    expect(text).toBe(`ExecutionStatus != 'ContinuedAsNew' AND ${term}`);
    expect([rest[field], countable]).toEqual([['plain', value], 'NOT']);
  });

  test('with a `?` never reach Temporal, and are asked of each row', () => {
    const value = fc
      .string({ maxLength: 20 })
      .map((text) => `${text}?`.trim())
      .filter((text) => attempt({ name: [text] }) !== undefined);
    fc.assert(
      fc.property(fc.constantFrom(...LISTS), fc.array(value, { minLength: 1 }), (field, values) => {
        const listed = toVisibilityQuery({ [field]: values }, context);
        expect(listed.text).not.toContain('?');
        expect([listed.rest[field], listed.countable]).toEqual([values, 'NOT']);
        const [namePrefix = ''] = values;
        const begun = toVisibilityQuery({ namePrefix }, context);
        expect(begun.text).not.toContain('?');
        expect(begun.rest.namePrefix).toBe(namePrefix);
      }),
    );
  });

  test('of a search are each one literal, whatever is typed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (search) => {
        const tokens = tokensOf(attempt({ search }) ?? '');
        for (const [index, token] of tokens.entries())
          if (token.startsWith('literal ') && tokens[index - 2] === 'TaskWords')
            expect(token).toMatch(/^literal [\p{L}\p{N}]+$/u);
        const shape = tokens.map((token) => token.replace(/^literal .*/su, 'literal')).join(' ');
        expect(shape).toMatch(
          /^$|^ExecutionStatus != literal( AND \( ((\( TaskWords = literal( AND TaskWords = literal)* \)|WorkflowId STARTS_WITH literal)( OR )?)+ \))?$/,
        );
      }),
      { numRuns: 2000 },
    );
    expect(textOf({ search: 'May-photos, 2026' })).toBe(
      "ExecutionStatus != 'ContinuedAsNew' AND ((TaskWords = 'may' AND TaskWords = 'photos' AND TaskWords = '2026'))",
    );
  });

  test('of a search are asked of ids in the spelling of their definitions', () => {
    const titles = new Map([
      ['greetAll', 'Greet'],
      ['greetOne', 'Greet'],
    ]);
    const { text } = toVisibilityQuery({ search: 'GREETALL-1F' }, { ...context, titles });
    expect(text).toContain(
      "WorkflowId STARTS_WITH 'GREETALL-1F' OR WorkflowId STARTS_WITH 'greetall-1f' OR WorkflowId STARTS_WITH 'greetAll-1f')",
    );
  });
});

describe('a filter', () => {
  test.each<[string, object, string]>([
    ['an unknown field', { tenant: ['x'] }, '`tenant`'],
    ['a field of every object', { constructor: ['x'] }, '`constructor`'],
    ['a text for a list', { ids: 'x' }, '`ids`'],
    ['a number in a list', { ids: [5] }, '`ids`'],
    ['101 values', { ids: Array.from({ length: 101 }, (_, i) => `id-${i}`) }, '`ids`'],
    [
      '21 tags that must all be there',
      { tagsAll: Array.from({ length: 21 }, (_, i) => `t${i}`) },
      '`tagsAll`',
    ],
    ['an unknown status', { status: ['DONE'] }, 'PENDING'],
    ['a text for a time', { createdAfter: '2026-11-24' }, '`createdAfter`'],
    ['an invalid time', { createdAfter: new Date('x') }, '`createdAfter`'],
    ['a text for a flag', { topLevel: 'yes' }, '`topLevel`'],
    ['a fraction', { iterationMin: 1.5 }, '`iterationMin`'],
    ['a search that is long', { search: 'a'.repeat(201) }, '`search`'],
    ['a search for 21 words', { search: '1 2 3 4 5 6 7 8 9 0 a b c d e f g h i j k' }, '`search`'],
    ['a predicate that is none', { where: 'x' }, '`where`'],
    ['no share', { anyOf: [] }, '`anyOf`'],
    ['a share of nothing', { anyOf: [{ definition: [] }] }, '`anyOf`'],
    [
      '21 fields',
      Object.fromEntries(
        [
          ...LISTS,
          'createdAfter',
          'createdBefore',
          'scheduledAfter',
          'scheduledBefore',
          'finishedAfter',
          'finishedBefore',
          'iterationMin',
        ].map((field) => [field, []]),
      ),
      '20',
    ],
  ])('with %s is refused, and says why', (_, filter, named) => {
    expect(() => textOf(filter as TaskRunFilter)).toThrow(
      expect.objectContaining({ code: 'INVALID_FILTER', message: expect.stringContaining(named) }),
    );
  });

  test('always hides the predecessors in a chain', () => {
    expect(textOf({})).toBe("ExecutionStatus != 'ContinuedAsNew'");
    for (const status of Object.values(TaskRunStatus)) {
      expect(textOf({ status: [status] })).toContain('ExecutionStatus');
      expect(textOf({ status: [status] })).not.toContain('ContinuedAsNew');
      expect(textOf({ statusNot: [status] })).not.toContain('ContinuedAsNew');
    }
  });

  test('that no run can match needs no question', () => {
    expect(textOf({ status: ['FAILED'], statusNot: ['FAILED'], ids: ['x'] })).toBeNull();
  });

  test('keeps times within what Temporal can compare', () => {
    expect(textOf({ finishedAfter: new Date(-8.64e15) })).toContain("'1970-01-01T00:00:00.000Z'");
    expect(textOf({ finishedBefore: new Date(8.64e15) })).toContain("'2262-01-01T00:00:00.000Z'");
  });
});

describe('what is no task run', () => {
  const titles = new Map([
    ['walkSteps', 'Walk steps'],
    ['sayHello', 'Say hello'],
  ]);
  const oursOf = (filter: TaskRunFilter): string | null =>
    toVisibilityQuery(filter, { ...context, titles, wholeNamespace: false }).text;
  const OURS = "(WorkflowType IN ('walkSteps', 'sayHello') OR TaskIteration IS NOT NULL)";

  test('is asked for by no filter', () => {
    expect(oursOf({})).toContain(OURS);
    expect(oursOf({ ids: ['a'] })).toContain(OURS);
    expect(oursOf({ definition: [] })).toContain(OURS);
    expect(oursOf({ definition: ['walkSteps', 'Payroll'] })).toContain(OURS);
  });

  test('is not what a definition of the catalogue names', () => {
    expect(oursOf({ definition: ['walkSteps'] })).not.toContain('TaskIteration');
  });
});
