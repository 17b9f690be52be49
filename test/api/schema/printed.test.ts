import {
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedDirective,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import type { GraphQLNamedType } from 'graphql';
import { describe, expect, test } from 'vitest';
import * as builtIn from '../../../src/workflows/index.ts';
import { schemaOf } from './support.ts';

const schema = schemaOf(builtIn);

test('schema.graphql is current: `npm run schema` writes it anew', async () => {
  await expect(`${printSchema(lexicographicSortSchema(schema))}\n`).toMatchFileSnapshot(
    '../../../schema.graphql',
  );
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
      /^(?:Task(?:Triggered|Deduplicated)|TaskRunAborting|TaskRunTerminated)$/.test(type.name) ||
      isProblem(type)
    )
      for (const { name, type: shape } of isObjectType(type) ? Object.values(type.getFields()) : [])
        shapes.set(name, (shapes.get(name) ?? new Set()).add(String(shape)));
  expect(shapes.size).toBeGreaterThan(4);
  expect([...shapes].filter(([, all]) => all.size > 1)).toEqual([]);
});

const isProblem = (type: GraphQLNamedType): boolean =>
  isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Problem');

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
