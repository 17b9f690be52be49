/**
 * The text of a GraphQL document, which knows the types of its answer and variables. Those of
 * `@graphql-codegen/client-preset` with `documentMode: 'string'` are such too.
 */
export interface Document<Data, Variables> {
  toString(): string;
  /** For the compiler alone. */
  readonly __apiType?: (variables: Variables) => Data;
}
