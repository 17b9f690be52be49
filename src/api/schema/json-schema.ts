/** A JSON Schema, as zod makes it from a definition's schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A schema that may also be null, taken apart. */
export function takeNull(schema: JsonSchema): {
  readonly schema: JsonSchema;
  readonly nullable: boolean;
} {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf)) return { schema, nullable: false };
  const others = anyOf.filter((option) => !(isRecord(option) && option['type'] === 'null'));
  const [only] = others;
  return others.length === 1 && anyOf.length === 2 && isRecord(only)
    ? { schema: { ...only, ...rest }, nullable: true }
    : { schema, nullable: false };
}
