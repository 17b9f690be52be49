import {
  GraphQLObjectType,
  buildSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedDirective,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  printSchema,
  printType,
} from 'graphql';
import type { GraphQLNamedType, GraphQLSchema } from 'graphql';
import { describe, expect, test } from 'vitest';
import * as builtIn from '../../../src/workflows/index.ts';
import { backgroundTasks } from '../../../src/api/webiny/background-tasks.ts';
import { describeDefinitions } from '../../../src/contract/rules/describe-definition.ts';
import { schemaOf } from './support.ts';

const schema = schemaOf(builtIn);
const infos = describeDefinitions(builtIn);

const extended = schemaOf(builtIn, {
  extend: (builder) => backgroundTasks(builder, { definitions: infos, log: console }),
});

describe('the schema files are current (`npm run schema` writes them anew):', () => {
  test('schema.graphql is all that a gateway serves without extensions', async () => {
    await expect(printed(schema)).toMatchFileSnapshot('../../../schema.graphql');
  });

  test('schema.webiny.graphql is what the extension adds to it', async () => {
    const added = printExtension(schema, extended);
    await expect(added).toMatchFileSnapshot('../../../schema.webiny.graphql');
    expect(printed(buildSchema(`${printed(schema)}\n${added}`))).toBe(printed(extended));
  });
});

describe('descriptions', () => {
  const own = Object.values(schema.getTypeMap()).filter(
    (type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type),
  );

  test('every type, field, argument and value has one', () => {
    expect(own.flatMap((type) => (type.description ? [] : [type.name]))).toEqual([]);
    expect(
      own
        .flatMap(partsOf)
        .filter(({ description }) => !description)
        .map(({ name }) => name),
    ).toEqual([]);
  });

  test('no directive is ours', () => {
    expect(schema.getDirectives().filter((one) => !isSpecifiedDirective(one))).toEqual([]);
  });
});

test('a name means one type in all members of a union, so that clients can select it in each', () => {
  const shapes = new Map<string, Set<string>>();
  for (const type of Object.values(schema.getTypeMap()))
    if (
      /^TaskRun(?:Triggered|Deduplicated|Aborting|Terminated)$/.test(type.name) ||
      isProblem(type)
    )
      for (const { name, type: shape } of isObjectType(type) ? Object.values(type.getFields()) : [])
        shapes.set(name, (shapes.get(name) ?? new Set()).add(String(shape)));
  expect(shapes.size).toBeGreaterThan(4);
  expect([...shapes].filter(([, all]) => all.size > 1)).toEqual([]);
});

const isProblem = (type: GraphQLNamedType): boolean =>
  isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Problem');

function printed(whole: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(whole))}\n`;
}

/** The types of `whole` that `base` lacks, and the fields that it adds to the types of `base`. */
function printExtension(base: GraphQLSchema, whole: GraphQLSchema): string {
  const types = Object.values(lexicographicSortSchema(whole).getTypeMap());
  const own = types.filter(({ name }) => !base.getType(name) && !name.startsWith('__'));
  const more = types.flatMap((type) => {
    const before = base.getType(type.name);
    if (!isObjectType(type) || !isObjectType(before)) return [];
    const known = before.getFields();
    const { name, ...config } = type.toConfig();
    const fields = Object.fromEntries(
      Object.entries(config.fields).filter(([field]) => !(field in known)),
    );
    if (Object.keys(fields).length === 0) return [];
    const added = new GraphQLObjectType({ name, fields });
    return [`extend ${printType(added)}`];
  });
  return `${[...more, ...own.map((type) => printType(type))].join('\n\n')}\n`;
}

interface Part {
  readonly name: string;
  readonly description: string | null | undefined;
}
function partsOf(type: GraphQLNamedType): readonly Part[] {
  const under = ({ name, description }: Part): Part => ({
    name: `${type.name}.${name}`,
    description,
  });
  if (isEnumType(type)) return type.getValues().map(under);
  if (isInputObjectType(type)) return Object.values(type.getFields()).map(under);
  if (!isObjectType(type) && !isInterfaceType(type)) return [];
  const fields = Object.values(type.getFields());
  const args = fields.flatMap((field) =>
    field.args.map(({ name, description }) => ({ name: `${field.name}(${name})`, description })),
  );
  return [...fields, ...args].map(under);
}
