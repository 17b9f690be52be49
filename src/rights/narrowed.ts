import type { Caller, Grant } from '../contract/caller.ts';
import type { RunShare, TaskRunFilter } from '../contract/tasks.ts';

/** A filter that lets through what the caller may see and no more; null when that is nothing. */
export function narrowed(
  { name, tenant, grants }: Caller,
  asked: TaskRunFilter = {},
): TaskRunFilter | null {
  // A caller's own would widen what it sees.
  const within = { ...asked, tenant: tenant ?? undefined, anyOf: undefined };
  if (!grants) return within;
  const shares = grants
    .filter(({ can }) => can.includes('read'))
    .map((grant) => toShare(grant, name));
  if (shares.some((share) => Object.keys(share).length === 0)) return within;
  const some = shares.filter(({ ids, definition, actor }) =>
    [ids, definition, actor].every((values) => values?.length !== 0),
  );
  // Joined field by field they would let through what neither of two grants allows: each is a share of its own.
  return some.length === 0 ? null : { ...within, anyOf: some };
}

const toShare = ({ definitions, runs, own }: Grant, name: string): RunShare => ({
  ...(definitions && { definition: definitions }),
  ...(runs && { ids: runs }),
  ...(own && { actor: [name] }),
});
