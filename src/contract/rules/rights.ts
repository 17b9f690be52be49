import { RIGHTS } from '../caller.ts';
import type { Caller, Grant, Right } from '../caller.ts';
import { tenantOf } from '../wire/tenant.ts';

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
  if (!caller.grants) return true;
  return caller.grants.some(
    (grant) =>
      grant.can.includes(right) && (subject === undefined || covers(grant, caller, subject)),
  );
}

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
