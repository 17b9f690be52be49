import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';

/** Whether an operation asks for a field somewhere below the one that is being answered. */
export function selects({ fieldNodes, fragments }: GraphQLResolveInfo, ...path: string[]): boolean {
  const below = (set: SelectionSetNode | undefined, [name, ...rest]: readonly string[]): boolean =>
    set?.selections.some((selection) => {
      if (selection.kind === Kind.INLINE_FRAGMENT)
        return below(selection.selectionSet, name === undefined ? [] : [name, ...rest]);
      if (selection.kind === Kind.FRAGMENT_SPREAD)
        return below(
          fragments[selection.name.value]?.selectionSet,
          name === undefined ? [] : [name, ...rest],
        );
      return (
        selection.name.value === name && (rest.length === 0 || below(selection.selectionSet, rest))
      );
    }) ?? false;
  return fieldNodes.some(({ selectionSet }) => below(selectionSet, path));
}
