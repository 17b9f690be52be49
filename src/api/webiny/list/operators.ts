import { ContractError } from '../contract-error.ts';

/** What a filter compares: times are milliseconds. */
export type Value = string | number | null;
export type Operator = keyof typeof OPERATORS;

/** Whether a field's value passes. All of these take an operand that may be a time, as GraphQL parsed it. */
export function passes(operator: Operator, value: Value, operand: unknown): boolean {
  return OPERATORS[operator](value, operand);
}

const OPERATORS = {
  eq: (value, operand) => value === toValue(operand),
  not: (value, operand) => value !== toValue(operand),
  in: (value, operand) => toValues(operand).includes(value),
  not_in: (value, operand) => !toValues(operand).includes(value),
  contains,
  not_contains: (value, operand) => !contains(value, operand),
  startsWith,
  not_startsWith: (value, operand) => !startsWith(value, operand),
  gt: (value, operand) => ordered(value, operand, (a, b) => a > b),
  gte: (value, operand) => ordered(value, operand, (a, b) => a >= b),
  lt: (value, operand) => ordered(value, operand, (a, b) => a < b),
  lte: (value, operand) => ordered(value, operand, (a, b) => a <= b),
  between,
  not_between: (value, operand) => !between(value, operand),
} satisfies Record<string, (value: Value, operand: unknown) => boolean>;

// They are looked at for each row.
const MAX_VALUES = 1000;
const MAX_TEXT = 1000;

/** Every word of the text, anywhere in the value, in any case. */
export function contains(value: Value, operand: unknown): boolean {
  const words = toText(operand).toLowerCase().split(/\s+/);
  const text = value === null ? null : String(value).toLowerCase();
  return text !== null && words.every((word) => text.includes(word));
}

function startsWith(value: Value, operand: unknown): boolean {
  const prefix = toText(operand).toLowerCase();
  return value !== null && String(value).toLowerCase().startsWith(prefix);
}

function ordered(
  value: Value,
  operand: unknown,
  holds: (a: string | number, b: string | number) => boolean,
): boolean {
  const bound = toValue(operand);
  if (bound === null) throw unfit('a value', operand);
  return value !== null && holds(value, bound);
}

function between(value: Value, operand: unknown): boolean {
  const [from = null, to = null, ...rest] = toValues(operand);
  if (from === null || to === null || rest.length > 0)
    throw new ContractError(
      'FILTER_ERROR',
      `Expected two values to be between, got ${toValues(operand).length}.`,
    );
  return value !== null && value >= from && value <= to;
}

function toValue(operand: unknown): Value {
  if (operand instanceof Date) return operand.getTime();
  if (operand === null || typeof operand === 'string' || typeof operand === 'number')
    return operand;
  throw unfit('a text, a number or a time', operand);
}

function toValues(operand: unknown): readonly Value[] {
  if (!Array.isArray(operand)) throw unfit('a list', operand);
  if (operand.length > MAX_VALUES)
    throw unfit(`a list of at most ${MAX_VALUES} values`, operand.length);
  return operand.map(toValue);
}

function toText(operand: unknown): string {
  if (typeof operand !== 'string') throw unfit('a text', operand);
  if (operand.length > MAX_TEXT)
    throw unfit(`a text of at most ${MAX_TEXT} characters`, operand.length);
  return operand;
}

const unfit = (expected: string, operand: unknown): ContractError =>
  new ContractError(
    'COMPARE_VALUE_ERROR',
    `Expected ${expected} to compare with, got ${JSON.stringify(operand)}.`,
  );
