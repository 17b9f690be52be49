/** An input object as GraphQL hands it over: null is as good as not given. */
export type WithNulls<T> = Nullable<T> | null | undefined;
export type Nullable<T> = { readonly [K in keyof T]?: T[K] | null | undefined };

/** The fields that were given. */
export function withoutNulls<T extends object>(
  fields: WithNulls<T>,
): { readonly [K in keyof T]?: T[K] } {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- entries lose the types of their keys
  return Object.fromEntries(
    Object.entries(fields ?? {}).filter(([, value]) => value !== null && value !== undefined),
  ) as { readonly [K in keyof T]?: T[K] };
}
