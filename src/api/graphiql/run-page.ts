/** Address of a run on the GraphQL page of the gateway at `origin`. */
export const runPage = (origin: string, id: string): string =>
  `${origin}/graphiql?run=${encodeURIComponent(id)}`;
