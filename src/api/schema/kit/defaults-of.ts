import { isRecord } from './json-schema.ts';
import type { JsonSchema } from './json-schema.ts';

/** What an empty input is filled with, by the JSON Schema of the input. */
export function defaultsOf({ default: whole, properties }: JsonSchema): unknown {
  if (whole !== undefined) return whole;
  if (!isRecord(properties)) return {};
  return Object.fromEntries(
    Object.entries(properties).flatMap(([key, property]) =>
      // An object without a default of its own is not filled in, whatever its fields have.
      isRecord(property) && property['default'] !== undefined ? [[key, property['default']]] : [],
    ),
  );
}
