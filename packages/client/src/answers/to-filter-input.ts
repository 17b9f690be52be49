import { TaskError } from '../../../../src/contract/task-error.ts';
import { FILTER_PLACES } from '../../../../src/contract/filter-places.ts';
import type { PlacedFilter } from '../../../../src/contract/filter-places.ts';
import type { TaskRunFilter as FilterInput } from '../documents/generated.ts';

/** A filter without what only code beside the gateway can give. */
export type RemoteFilter = PlacedFilter;

/** A place that is not in the schema does not compile. */
const PLACES: Readonly<Record<keyof RemoteFilter, Place>> = FILTER_PLACES;
type Place = keyof FilterInput | `${keyof FilterInput}.${string}`;
const PLACE_OF: Readonly<Record<string, string | undefined>> = PLACES;

/** The filter as GraphQL has it. Throws `INVALID_FILTER` for a field that it has not. */
export function toFilter(filter: RemoteFilter = {}): FilterInput {
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(filter)) {
    if (value === undefined) continue;
    const place = PLACE_OF[name];
    if (place === undefined)
      throw new TaskError('INVALID_FILTER', `A client cannot filter by \`${name}\`.`, {
        argument: name,
      });
    const [field = '', part] = place.split('.');
    const told = value instanceof Date ? toText(value) : value;
    given[field] = part === undefined ? told : Object.assign(given[field] ?? {}, { [part]: told });
  }
  return given;
}

/** An invalid date is sent as one, to be refused in the gateway's words: JSON would leave it out. */
export const toText = (date: Date): string =>
  Number.isNaN(date.getTime()) ? String(date) : date.toISOString();

/** An error about a field of a filter, under the name that it has here. */
export function namedAsGiven(error: unknown): unknown {
  if (!(error instanceof TaskError) || error.code !== 'INVALID_FILTER') return error;
  const { argument } = error.details;
  const [name] = Object.entries(PLACES).find(([, place]) => place === argument) ?? [];
  if (argument === undefined || name === undefined) return error;
  const message = error.message.replace(`\`${argument}\``, `\`${name}\``);
  return new TaskError('INVALID_FILTER', message, { ...error.details, argument: name });
}
