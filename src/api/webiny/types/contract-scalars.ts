import { GraphQLEnumType, GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';

export const NumberScalar = new GraphQLScalarType<number | null, number | null>({
  name: 'Number',
  description: 'An integer or a floating point number; as a variable also a text that holds one.',
  serialize: (value) => (typeof value === 'number' && Number.isFinite(value) ? value : null),
  parseValue: (value) => (value === null ? null : toNumber(value)),
  parseLiteral(node) {
    if (node.kind === Kind.INT || node.kind === Kind.FLOAT) return toNumber(node.value);
    throw new GraphQLError('Value sent must be a number.', {
      nodes: [node],
      extensions: { code: 'INVALID_VALUE' },
    });
  },
});

function toNumber(value: unknown): number {
  if (typeof value === 'string' && /^\s*[+-]?0x/i.test(value))
    throw invalid('Value sent must be a non-hex number.');
  const number = typeof value === 'string' ? Number.parseFloat(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number))
    throw invalid('Value sent must be a number.');
  return number;
}

const invalid = (message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'INVALID_VALUE' } });

const DEFINITION = 'WebinyBackgroundTaskDefinitionEnum';

/**
 * An enum by name and by its errors, but a scalar: some clients write a definition's id bare, others in quotes,
 * and others pass it as a variable.
 */
export function definitionScalar(ids: readonly string[]): GraphQLScalarType<string, string> {
  const values = ids.length > 0 ? ids : ['Empty'];
  const words = new GraphQLEnumType({
    name: DEFINITION,
    values: Object.fromEntries(values.map((id) => [id, {}])),
  });
  const parse = (node: ValueNode): string => {
    const bare: ValueNode =
      node.kind === Kind.STRING
        ? { kind: Kind.ENUM, value: node.value, ...(node.loc && { loc: node.loc }) }
        : node;
    return String(words.parseLiteral(bare, {}));
  };
  return new GraphQLScalarType<string, string>({
    name: DEFINITION,
    description: `The id of a task definition, bare or in quotes: ${values.join(', ')}.`,
    serialize: String,
    parseValue: (value) => String(words.parseValue(value)),
    parseLiteral: parse,
  });
}
