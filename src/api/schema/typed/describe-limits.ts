import { isRecord } from '../kit/json-schema.ts';
import type { JsonSchema } from '../kit/json-schema.ts';

/** What a JSON Schema asks of a value beyond its type, in words: ours is the only place where GraphQL can say it. */
export function describeLimits(schema: JsonSchema): string {
  const { description, pattern, format } = schema;
  return [
    typeof description === 'string' && description.trim() !== '' && sentence(description.trim()),
    range(schema, 'minLength', 'maxLength', 'characters'),
    range(schema, 'minItems', 'maxItems', 'values'),
    numbers(schema),
    values(schema),
    typeof format === 'string' && `Format: ${format}.`,
    // The pattern of a format is long, and says the same.
    typeof pattern === 'string' && format === undefined && `Matches \`${pattern}\`.`,
    isRecord(schema['default']) && `Default: \`${JSON.stringify(schema['default'])}\`.`,
  ]
    .filter((part) => part !== false && part !== '')
    .join(' ');
}

function range(schema: JsonSchema, least: string, most: string, of: string): string {
  const min = schema[least];
  const max = schema[most];
  if (typeof min === 'number' && typeof max === 'number')
    return min === max ? `${counted(min, of)}.` : `${min} to ${counted(max, of)}.`;
  if (typeof min === 'number') return `At least ${counted(min, of)}.`;
  return typeof max === 'number' ? `At most ${counted(max, of)}.` : '';
}

const counted = (count: number, of: string): string =>
  `${count} ${count === 1 ? of.replace(/s$/, '') : of}`;

function numbers(schema: JsonSchema): string {
  const bound = (key: string, words: string): string | false => {
    const value = schema[key];
    // zod says of every integer that it is a safe one, and of some numbers that they are numbers.
    return typeof value === 'number' && !SAYS_NOTHING.has(Math.abs(value)) && `${words} ${value}`;
  };
  const parts = [
    bound('minimum', 'at least'),
    bound('exclusiveMinimum', 'more than'),
    bound('maximum', 'at most'),
    bound('exclusiveMaximum', 'less than'),
    bound('multipleOf', 'a multiple of'),
  ].filter((part) => part !== false);
  return parts.length > 0 ? sentence(parts.join(', ')) : '';
}

const SAYS_NOTHING: ReadonlySet<number> = new Set([Number.MAX_SAFE_INTEGER, Number.MAX_VALUE]);

/** Values that no GraphQL enum can name. */
const values = ({ enum: choices, type }: JsonSchema): string =>
  Array.isArray(choices) && (type !== 'string' || !choices.every(isEnumName))
    ? `One of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}.`
    : '';

export const isEnumName = (value: unknown): value is string =>
  typeof value === 'string' &&
  /^(?!__)[_A-Za-z]\w*$/.test(value) &&
  !['true', 'false', 'null'].includes(value);

const sentence = (text: string): string => {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
};
