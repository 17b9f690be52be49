import { RIGHTS } from '../contract/caller.ts';
import type { Caller, Grant, Right } from '../contract/caller.ts';
import type { TaskRun } from '../contract/task-run.ts';
import { tenantOf } from '../contract/wire/tenant.ts';

/** Lists of rights that have a name. */
export const ROLES = {
  watcher: ['read'],
  viewer: ['read', 'payloads', 'logs', 'operate'],
  operator: ['read', 'payloads', 'logs', 'operate', 'trigger', 'abort'],
  admin: RIGHTS,
} as const satisfies Record<string, readonly Right[]>;

/** What a right is asked for: a run, or a definition. */
export interface Subject {
  readonly definition?: string | undefined;
  readonly id?: string | undefined;
  readonly triggeredBy?: string | null | undefined;
}

/** Whether a caller may. Of nothing in particular: whether it may of anything at all. */
export function may(caller: Caller, right: Right, subject?: Subject): boolean {
  if (subject?.id !== undefined && !isWithin(caller, subject.id)) return false;
  // They are of all tenants together.
  if (right === 'settings' && caller.tenant != null) return false;
  if (!caller.grants) return true;
  return caller.grants.some(
    (grant) =>
      grant.can.includes(right) && (subject === undefined || covers(grant, caller, subject)),
  );
}

/** Whether a caller may of what belongs to no run: a grant for some runs does not give it. */
export const mayOfAll = (caller: Caller, right: Right): boolean =>
  may({ ...caller, grants: caller.grants?.filter(({ runs }) => !runs) }, right);

/** Whether a caller may, whatever it is asked for: what it acts on need not be looked at first. */
export const mayEverywhere = ({ grants }: Caller, right: Right): boolean =>
  !grants ||
  grants.some(
    ({ can, definitions, runs, own }) => can.includes(right) && !definitions && !runs && !own,
  );

export const toSubject = ({ id, definition, triggeredBy }: TaskRun): Subject => ({
  id,
  definition,
  triggeredBy,
});

/** A caller of a tenant sees the runs of that tenant, and no others. */
export const isWithin = ({ tenant }: Caller, id: string): boolean =>
  tenant == null || tenantOf(id) === tenant;

/** Whether an id of a definition is one that a grant names. */
export const isNamedBy = (pattern: string, id: string): boolean =>
  pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : pattern === id;

function covers(grant: Grant, caller: Caller, { definition, id, triggeredBy }: Subject): boolean {
  const { definitions, runs, own } = grant;
  return (
    (!definitions ||
      (definition !== undefined && definitions.some((one) => isNamedBy(one, definition)))) &&
    (!runs || (id !== undefined && runs.includes(id))) &&
    (!own || triggeredBy === caller.name)
  );
}
