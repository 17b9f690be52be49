import { canonicalJson } from '../../tools/canonical-json.ts';
import type { KeyedRequest } from '../wire/run-fields.ts';
import { MAX_DEPTH } from './read-value.ts';

/** `read` is the input with the schema's defaults: some callers leave them out, and some have them filled in. */
export const toKeyedRequest = (
  definition: string,
  { given, read }: { readonly given: unknown; readonly read: unknown },
): KeyedRequest => ({
  given: canonicalJson([definition, given ?? null]),
  read: isJson(read) ? canonicalJson([definition, read]) : toTypedJson(definition, read),
});

/** Alike in either form: a schema may read the same input otherwise each time, as one with a default of the moment does. */
export const isSameRequest = (one: KeyedRequest, other: KeyedRequest): boolean =>
  isAlike(one.given, other.given) || isAlike(one.read, other.read);

const isAlike = (one: string | undefined, other: string | undefined): boolean =>
  one !== undefined && one === other;

/** Whether JSON tells all of a value: it would write a date as a text, and any two sets as the same. */
function isJson(value: unknown, depth = 0): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1));
  if (!isPlain(value)) return false;
  return Object.values(value).every((field) => field === undefined || isJson(field, depth + 1));
}

/** A value with dates, bigints, sets or maps in it, each said to be one: nothing else is written the same. */
function toTypedJson(definition: string, value: unknown): string | undefined {
  const told = tell(value, 0);
  return told && canonicalJson([definition, 'typed', told]);
}

type Told = readonly [kind: string, ...unknown[]];

/** Undefined for what cannot be told: functions, instances of classes, what has no end. */
function tell(value: unknown, depth: number): Told | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return ['', value];
  if (typeof value === 'number' || typeof value === 'bigint') return [typeof value, String(value)];
  if (value === undefined) return ['undefined'];
  if (value instanceof Date) return ['date', value.getTime()];
  if (depth > MAX_DEPTH) return undefined;
  const all = (kind: string, items: Iterable<unknown>): Told | undefined => {
    const told = Array.from(items, (item) => tell(item, depth + 1));
    return told.includes(undefined) ? undefined : [kind, ...told];
  };
  if (Array.isArray(value)) return all('list', value);
  if (value instanceof Set) return all('set', value);
  if (value instanceof Map) return all('map', value);
  if (!isPlain(value)) return undefined;
  return all(
    'object',
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
