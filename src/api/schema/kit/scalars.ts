import { GraphQLError, GraphQLScalarType, valueFromASTUntyped } from 'graphql';
import { MAX_DEPTH } from '../../../contract/input/read-value.ts';

export const Json = new GraphQLScalarType<unknown, unknown>({
  name: 'JSON',
  description: `Any JSON value: an object, a list, a text, a number, a boolean or null; at most ${MAX_DEPTH} levels deep.`,
  serialize: (value) => value ?? null,
  parseValue: (value) => toPlain(value),
  parseLiteral: (node, variables) => toPlain(valueFromASTUntyped(node, variables)),
});

/**
 * Plain objects only: GraphQL literals come without a prototype, which some code cannot take. What is too deep is cut
 * where it is certain to be refused, by whoever reads it and with its path.
 */
function toPlain(value: unknown, depth = 1): unknown {
  // A number beyond the range of a double is read as one without end, which JSON would write as null.
  if (value === Infinity || value === -Infinity)
    throw new GraphQLError('Expected a number that JSON can hold, got one beyond its range.');
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (depth > MAX_DEPTH + 1) return null;
  if (Array.isArray(value)) return value.map((item) => toPlain(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      // As a key of JSON it would become the prototype of whatever it is copied into.
      if (key === '__proto__') throw new GraphQLError('`__proto__` cannot be a key of JSON.');
      return [key, toPlain(item, depth + 1)];
    }),
  );
}

export const DateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  description:
    'A moment as RFC 3339 text with its zone, such as `2026-11-24T06:00:00Z` or `2026-11-24T07:00:00.5+01:00`. Answers are in UTC, with milliseconds.',
  specifiedByURL: 'https://datatracker.ietf.org/doc/html/rfc3339',
  serialize: (value) => (value instanceof Date ? value : parseTime(value)).toISOString(),
  parseValue: parseTime,
});

const RFC_3339 =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(\d{2}))[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

function parseTime(value: unknown): Date {
  const [, day, dayOfMonth] = (typeof value === 'string' && RFC_3339.exec(value)) || [];
  const time = new Date(typeof value === 'string' ? value.toUpperCase() : Number.NaN);
  // Dates roll over: the 30th of February would be the 2nd of March.
  const exists = new Date(`${day}T00:00:00Z`).getUTCDate() === Number(dayOfMonth);
  if (exists && !Number.isNaN(time.getTime())) return time;
  throw new GraphQLError(
    `Expected an RFC 3339 time with its zone, such as "2026-11-24T06:00:00Z", got ${JSON.stringify(value ?? null).slice(0, 100)}.`,
  );
}
