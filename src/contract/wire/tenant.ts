/** Between a tenant and the rest of a run's id: in no tenant's name, in no definition's id, and safe in an address. */
export const TENANT_MARK = '~';
/** Lower-case letters, digits and hyphens, at most 40. */
export const TENANT = /^[a-z0-9][a-z0-9-]{0,39}$/;

export const inTenant = (tenant: string | null | undefined, id: string): string =>
  tenant == null ? id : `${tenant}${TENANT_MARK}${id}`;

/** Whose run this is; null for one that is nobody's. An id cannot be changed, as an attribute can. */
export function tenantOf(id: string): string | null {
  const tenant = id.slice(0, Math.max(id.indexOf(TENANT_MARK), 0));
  return TENANT.test(tenant) ? tenant : null;
}
