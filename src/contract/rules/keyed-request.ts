import { canonicalJson } from '../../tools/canonical-json.ts';
import type { KeyedRequest } from '../wire/run-fields.ts';

/** `read` is the input with the schema's defaults: some callers leave them out, and some have them filled in. */
export const toKeyedRequest = (
  definition: string,
  { given, read }: { readonly given: unknown; readonly read: unknown },
): KeyedRequest => ({
  given: canonicalJson([definition, given ?? null]),
  read: isJson(read) ? canonicalJson([definition, read]) : undefined,
});

/** Alike in either form: a schema may read the same input otherwise each time, as one with a default of the moment does. */
export const isSameRequest = (one: KeyedRequest, other: KeyedRequest): boolean =>
  isAlike(one.given, other.given) || isAlike(one.read, other.read);

const isAlike = (one: string | undefined, other: string | undefined): boolean =>
  one !== undefined && one === other;

/** Whether JSON tells all of a value: it would write any two sets, or maps, as the same. */
function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return false;
  return Object.values(value).every((field) => field === undefined || isJson(field));
}
