/** A JSON Schema, as zod makes it from a definition's schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The schema with what it refers to in place. A reference to something that it is inside of stays. */
export function inlineReferences(root: JsonSchema): JsonSchema {
  const inline = (value: unknown, inside: readonly string[]): unknown => {
    if (Array.isArray(value)) return value.map((item) => inline(item, inside));
    if (!isRecord(value)) return value;
    const { $ref: reference, ...rest } = value;
    const target = typeof reference === 'string' ? targetOf(root, reference) : undefined;
    const copy = Object.fromEntries(
      Object.entries(rest).map(([key, item]) => [key, inline(item, inside)]),
    );
    if (typeof reference !== 'string') return copy;
    if (!target || inside.includes(reference)) return { ...copy, $ref: reference };
    const found = inline(target, [...inside, reference]);
    return { ...(isRecord(found) && found), ...copy };
  };
  const { $defs: _, ...schema } = root;
  const inlined = inline(schema, []);
  return isRecord(inlined) ? inlined : {};
}

function targetOf({ $defs: definitions }: JsonSchema, reference: string): JsonSchema | undefined {
  const name = /^#\/\$defs\/(.+)$/.exec(reference)?.[1];
  const found = isRecord(definitions) && name !== undefined ? definitions[name] : undefined;
  return isRecord(found) ? found : undefined;
}

/** A schema that may also be null, taken apart. */
export function takeNull(schema: JsonSchema): {
  readonly schema: JsonSchema;
  readonly nullable: boolean;
} {
  const { anyOf, type, ...rest } = schema;
  if (Array.isArray(type) && type.includes('null')) {
    const others = type.filter((one) => one !== 'null');
    return { schema: { ...rest, type: others.length === 1 ? others[0] : others }, nullable: true };
  }
  if (Array.isArray(anyOf)) {
    const others: unknown[] = anyOf.filter((option) => !isNull(option));
    const nullable = others.length < anyOf.length;
    const [only] = others;
    return others.length === 1 && isRecord(only)
      ? { schema: { ...only, ...rest }, nullable }
      : { schema, nullable };
  }
  return { schema, nullable: isNull(schema) || takesAnything(schema) };
}

const isNull = (schema: unknown): boolean => isRecord(schema) && schema['type'] === 'null';
const takesAnything = (schema: JsonSchema): boolean =>
  !['type', 'oneOf', 'allOf', 'enum', 'const', '$ref', 'not'].some((key) => key in schema);
