import { z } from 'zod';

/** Where in a value its schema throws, as far as the schema can be taken apart; zod itself does not tell. */
export async function throwingPath(
  schema: z.core.$ZodType,
  value: unknown,
): Promise<readonly (string | number)[]> {
  for (const part of partsOf(schema, value))
    if (await throws(part)) return [...part.path, ...(await throwingPath(part.schema, part.value))];
  return [];
}

interface Part {
  readonly path: readonly (string | number)[];
  readonly schema: z.core.$ZodType;
  readonly value: unknown;
}

async function throws({ schema, value }: Part): Promise<boolean> {
  try {
    await z.core.safeParseAsync(schema, value);
    return false;
  } catch {
    return true;
  }
}

/** What a schema reads before its own code runs. */
function partsOf(schema: z.core.$ZodType, value: unknown): readonly Part[] {
  const same = (inner: z.core.$ZodType): Part => ({ path: [], schema: inner, value });
  const items = (of: (index: number) => z.core.$ZodType | null | undefined): readonly Part[] =>
    (Array.isArray(value) ? value : []).flatMap((item: unknown, index) => {
      const inner = of(index);
      return inner ? [{ path: [index], schema: inner, value: item }] : [];
    });
  const fields = (of: (key: string) => z.core.$ZodType | undefined): readonly Part[] =>
    Object.entries(isRecord(value) ? value : {}).flatMap(([key, field]) => {
      const inner = of(key);
      return inner ? [{ path: [key], schema: inner, value: field }] : [];
    });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every schema of zod is one of these
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'object')
    return fields((key) => (Object.hasOwn(def.shape, key) ? def.shape[key] : def.catchall));
  if (def.type === 'record') return fields(() => def.valueType);
  if (def.type === 'array') return items(() => def.element);
  if (def.type === 'tuple') return items((index) => def.items[index] ?? def.rest);
  if (def.type === 'union') return def.options.map(same);
  if (def.type === 'intersection') return [def.left, def.right].map(same);
  if (def.type === 'pipe') return [same(def.in)];
  if (def.type === 'lazy') return [same(def.getter())];
  return 'innerType' in def ? [same(def.innerType)] : [];
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
