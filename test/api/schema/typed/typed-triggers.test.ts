import { printSchema } from 'graphql';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defined, gatewayOf, moduleOf, schemaOf } from '../support.ts';

const typeOf = (input: z.ZodType, name = 'ThingInput'): string =>
  printed(printSchema(schemaOf(moduleOf(defined('thing', input)))), name);
const printed = (sdl: string, name: string): string =>
  new RegExp(`^(?:input|enum) ${name} \\{[^}]*\\}`, 'm').exec(withoutDescriptions(sdl))?.[0] ?? '';
const withoutDescriptions = (sdl: string): string =>
  sdl.replaceAll(/^\s*"""(?:[^"]|"(?!""))*"""\n/gm, '').replaceAll(/\n\s*\n/g, '\n');
const mutationsOf = (sdl: string): string =>
  /^type Mutation \{[^}]*\}/m.exec(withoutDescriptions(sdl))?.[0] ?? '';

describe('an input type', () => {
  test('has a field for each field of the schema, required unless it is optional, nullable or has a default', () => {
    expect(
      typeOf(
        z.object({
          text: z.string(),
          whole: z.number().int(),
          real: z.number(),
          yes: z.boolean(),
          maybe: z.string().optional(),
          nothing: z.string().nullable(),
          standard: z.number().int().default(5),
          words: z.array(z.string()),
          gaps: z.array(z.number().nullable()).optional(),
          several: z.array(z.string()).default(['a']),
        }),
      ),
    ).toBe(`input ThingInput {
  gaps: [Float]
  maybe: String
  nothing: String
  real: Float!
  several: [String!] = ["a"]
  standard: Int = 5
  text: String!
  whole: Int!
  words: [String!]!
  yes: Boolean!
}`);
  });

  test('takes objects and enums inside it by names of their own', () => {
    const input = z.object({
      mode: z.enum(['fast', 'safe']).default('safe'),
      size: z.object({ width: z.number(), unit: z.enum(['px']).optional() }),
      parts: z.array(z.object({ name: z.string() })),
    });
    expect(typeOf(input)).toBe(`input ThingInput {
  mode: Thing_Mode = safe
  parts: [Thing_PartsInput!]!
  size: Thing_SizeInput!
}`);
    expect(typeOf(input, 'Thing_SizeInput')).toBe(`input Thing_SizeInput {
  unit: Thing_SizeUnit
  width: Float!
}`);
    expect(typeOf(input, 'Thing_Mode')).toBe('enum Thing_Mode {\n  fast\n  safe\n}');
  });

  test('is JSON where GraphQL has no shape, for that field only', () => {
    interface Tree {
      children: Tree[];
    }
    const tree: z.ZodType<Tree> = z.object({ children: z.array(z.lazy(() => tree)) });
    expect(
      typeOf(
        z.object({
          text: z.string(),
          either: z.union([z.string(), z.number()]),
          record: z.record(z.string(), z.number()),
          loose: z.looseObject({ a: z.string() }),
          pair: z.tuple([z.string(), z.number()]),
          anything: z.unknown(),
          grid: z.array(z.array(z.number())),
          odd: z.object({ 'content-type': z.string() }),
          tree,
          empty: z.object({}),
        }),
      ),
    ).toBe(`input ThingInput {
  anything: JSON
  either: JSON!
  empty: JSON!
  grid: [JSON!]!
  loose: JSON!
  odd: JSON!
  pair: JSON!
  record: JSON!
  text: String!
  tree: Thing_TreeInput!
}`);
  });

  test('takes whole numbers beyond 32 bits as floats when the schema says that they may come', () => {
    expect(
      typeOf(
        z.object({
          bytes: z
            .number()
            .int()
            .max(10 ** 12),
        }),
      ),
    ).toContain('bytes: Float!');
    expect(typeOf(z.object({ bytes: z.number().int().default(5_000_000_000) }))).toContain(
      'bytes: Float = 5000000000',
    );
  });

  test('names words that no enum can hold in the description', () => {
    const sdl = printSchema(
      schemaOf(moduleOf(defined('thing', z.object({ type: z.enum(['image/png', 'text']) })))),
    );
    expect(sdl).toContain('One of "image/png", "text".');
    expect(printed(sdl, 'ThingInput')).toContain('type: String!');
  });

  test("tells the schema's descriptions and limits", () => {
    const sdl = printSchema(
      schemaOf(
        moduleOf(
          defined(
            'thing',
            z.object({
              folder: z.string().min(1).max(80).describe('A folder inside the data root'),
              count: z.number().int().min(1).max(9),
            }),
          ),
        ),
      ),
    );
    expect(sdl).toContain('A folder inside the data root. 1 to 80 characters.');
    expect(sdl).toContain('At least 1, at most 9.');
  });
});

describe('a typed trigger', () => {
  test('needs no input when the definition takes none, or nothing that must be given', () => {
    const sdl = printSchema(
      schemaOf(
        moduleOf(
          defined('none'),
          defined('all', z.object({ a: z.string().optional() })),
          defined('one', z.object({ a: z.string() })),
          defined('text', z.string()),
          defined('loose', z.looseObject({})),
        ),
      ),
    );

    const flat = mutationsOf(sdl).replaceAll(/\s+/g, ' ');
    expect(flat).toContain('triggerNone( options: TriggerOptions ): TriggerTaskResult!');
    expect(flat).toContain(
      'triggerAll( input: AllInput options: TriggerOptions ): TriggerTaskResult!',
    );
    expect(flat).toContain(
      'triggerLoose( input: JSON options: TriggerOptions ): TriggerTaskResult!',
    );
    expect(flat).toContain(
      'triggerOne( input: OneInput! options: TriggerOptions ): TriggerTaskResult!',
    );
    expect(flat).toContain(
      'triggerText( input: String! options: TriggerOptions ): TriggerTaskResult!',
    );
  });

  test('takes null for what may be left out, as clients write it', async () => {
    const { read, tasks } = gatewayOf(
      moduleOf(
        defined(
          'thing',
          z.object({
            maybe: z.string().optional(),
            nothing: z.string().nullable(),
            inner: z.object({ count: z.number().default(1) }).optional(),
            items: z.array(z.object({ a: z.string().optional() })),
          }),
        ),
      ),
    );
    const { triggerThing } = await read(
      'mutation { triggerThing(input: { maybe: null, inner: { count: null }, items: [{ a: null }] }) { ... on TaskRunTriggered { run { id } } ... on Problem { message } } }',
    );
    const run = await tasks.get(triggerThing.run.id);
    expect(await tasks.input(run)).toEqual({ nothing: null, inner: {}, items: [{}] });
  });

  test('leaves what the schema alone can judge to the schema', async () => {
    const { read } = gatewayOf();
    expect(
      await read(
        'mutation { triggerCopyFiles(input: { folder: "" }) { __typename ... on InvalidInput { code issues { path code } } } }',
      ),
    ).toEqual({
      triggerCopyFiles: {
        __typename: 'InvalidInput',
        code: 'INVALID_INPUT',
        issues: [{ path: ['folder'], code: 'too_small' }],
      },
    });
  });

  test('is named by the catalogue', async () => {
    const { read } = gatewayOf(moduleOf(defined('task'), defined('copyFiles')));
    expect(await read('{ taskDefinitions { id mutation } }')).toEqual({
      taskDefinitions: [
        { id: 'copyFiles', mutation: 'triggerCopyFiles' },
        { id: 'task', mutation: 'trigger_Task' },
      ],
    });
  });
});

describe('names', () => {
  test('never clash with our own types and fields, nor between definitions', () => {
    const sdl = printSchema(
      schemaOf(
        moduleOf(
          defined('task', z.object({ a: z.string() })),
          defined('invalid', z.object({ a: z.string() })),
          defined('foo', z.object({ barBaz: z.object({ a: z.string() }) })),
          defined(
            'fooBar',
            z.object({ baz: z.object({ b: z.string() }), Baz: z.object({ c: z.string() }) }),
          ),
        ),
      ),
    );
    expect(printed(sdl, 'Invalid_Input')).toContain('a: String!');
    expect(printed(sdl, 'Foo_BarBazInput')).toContain('a: String!');
    expect(printed(sdl, 'FooBar_BazInput')).toContain('b: String!');
    expect(printed(sdl, 'FooBar_BazInput_')).toContain('c: String!');
    expect(mutationsOf(sdl)).toContain('trigger_Task(');
  });

  test('give way to those of an extension', () => {
    const sdl = printSchema(
      schemaOf(moduleOf(defined('thing', z.object({ a: z.string() }))), {
        extend: (builder) => {
          const type = builder.inputType('ThingInput', {
            fields: (t) => ({ theirs: t.string() }),
          });
          builder.mutationField('triggerThing', (t) =>
            t.boolean({ args: { input: t.arg({ type }) }, resolve: () => true }),
          );
        },
      }),
    );
    expect(printed(sdl, 'ThingInput')).toContain('theirs: String');
    expect(printed(sdl, 'Thing_Input')).toContain('a: String!');
    expect(mutationsOf(sdl)).toContain('trigger_Thing(');
  });
});

test('private definitions are not in the schema', () => {
  const sdl = printSchema(
    schemaOf(moduleOf(defined('secret', z.object({ a: z.string() }), { private: true }))),
  );
  expect(sdl.toLowerCase()).not.toContain('secret');
});
