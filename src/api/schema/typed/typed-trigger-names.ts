import type { GraphQLSchema } from 'graphql';
import type { TaskDefinitionInfo } from '../../../contract/tasks.ts';

/** What the typed trigger of a definition is called in the schema. */
export interface TypedTriggerName {
  readonly mutation: string;
  /** Of its input. */
  readonly inputType: string;
  /** A name for a type inside its input, at a path of fields; a different one each time. */
  readonly innerType: (path: readonly string[], suffix: string) => string;
}

/**
 * Names for all definitions, none of which the rest of the schema has. They depend on one definition
 * alone, so that adding another renames nothing: no other type's name has a `_`, and no id has one.
 */
export function nameTypedTriggers(
  definitions: readonly TaskDefinitionInfo[],
  taken: GraphQLSchema,
): ReadonlyMap<string, TypedTriggerName> {
  const mutations = taken.getMutationType()?.getFields() ?? {};
  const isTaken = (name: string): boolean => taken.getType(name) !== undefined;
  return new Map(
    definitions.map(({ id }) => {
      const pascal = capitalize(id);
      const used = new Set<string>();
      return [
        id,
        {
          mutation: `trigger${pascal}` in mutations ? `trigger_${pascal}` : `trigger${pascal}`,
          inputType: isTaken(`${pascal}Input`) ? `${pascal}_Input` : `${pascal}Input`,
          innerType: (path, suffix) => {
            let name = `${pascal}_${path.map(capitalize).join('')}${suffix}`;
            while (used.has(name) || isTaken(name)) name += '_';
            used.add(name);
            return name;
          },
        },
      ];
    }),
  );
}

const capitalize = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
