import type { Caller, Grant, TenantShare } from '../contract/caller.ts';
import { ROLES } from '../rights/rights.ts';
import { TENANT } from '../contract/wire/tenant.ts';
import type { ApiKey } from './api-keys.ts';
import type { AuthFile } from './auth-file.ts';
import { toCallerName, toKeyName } from './caller-name.ts';
import { NotAdmitted } from './refusal.ts';

/** What a token or a proxy says of somebody: `sub`, and whatever else its issuer put there. */
export type Claims = Readonly<Record<string, unknown>> & { readonly sub: string };

export interface KnownKey extends ApiKey {
  readonly tenant: string | undefined;
  readonly roles: readonly string[];
}

/** What an auth file means: who may do what. Made anew when the file changes. */
export class AuthRules {
  readonly keys: ReadonlyMap<string, KnownKey>;
  readonly #file: AuthFile;
  readonly #revoked: ReadonlySet<string>;

  constructor(file: AuthFile) {
    this.#file = file;
    // Tokens name whoever minted them as it is shown.
    this.#revoked = new Set(file.revoked.flatMap((id) => [id, asShown(id)]));
    this.keys = new Map(
      file.keys.map(({ id, hashes, tenant, roles, expires }) => [
        id,
        {
          id,
          hashes,
          tenant,
          roles,
          expiresAt: expires === undefined ? null : Date.parse(expires),
        },
      ]),
    );
  }

  /** Whether one of these was taken back: `key:…`, `token:…`, `sub:…`. */
  isRevoked(...ids: readonly string[]): boolean {
    return ids.some((id) => this.#revoked.has(id));
  }

  /**
   * Who somebody is whose credential is good. `chosen` is the tenant that was asked for. Throws `NotAdmitted` when
   * nothing here is given to it, or a tenant must be chosen.
   */
  callerOf(name: string, claims: Claims, chosen: string | undefined): Caller {
    const { tenants, bindings } = this.#file;
    const fitting = bindings.filter((one) => fits(one, claims));
    if (fitting.length === 0) throw nothingHere();
    const own = tenants?.claim === undefined ? [] : textsOf(claims[tenants.claim]).filter(isTenant);
    return this.#inTenant(name, fitting, own, chosen);
  }

  /** A caller of a tenant, with what its tenant may take of what all share. */
  inShare(caller: Caller): Caller {
    return caller.tenant == null ? caller : { ...caller, share: this.#shareOf(caller.tenant) };
  }

  /** Points of each caller. */
  get callerAllowance(): AuthFile['limits']['caller'] {
    return this.#file.limits.caller;
  }

  get addressLimits(): {
    readonly failures: AuthFile['limits']['caller'];
    readonly silent: number;
  } {
    const { failures, silentSockets } = this.#file.limits.address;
    return { failures, silent: silentSockets };
  }

  /** Of each tenant of weight 1; null: as many as there are. */
  get activitiesPerSecond(): number | null {
    return this.#file.limits.activitiesPerSecond ?? null;
  }

  /** Points of all callers of a tenant together: four times a caller's, unless the file says otherwise. */
  tenantAllowance(name: string): AuthFile['limits']['caller'] {
    const { tenants, tenant, caller } = this.#file.limits;
    return tenants[name]?.budget ?? tenant ?? { burst: 4 * caller.burst, rate: 4 * caller.rate };
  }

  callerOfKey({ id, tenant, roles }: KnownKey, chosen: string | undefined): Caller {
    return this.#inTenant(toKeyName(id), [{ tenant, roles }], [], chosen);
  }

  #inTenant(
    name: string,
    given: readonly { readonly tenant?: string | undefined; readonly roles: readonly string[] }[],
    own: readonly string[],
    chosen: string | undefined,
  ): Caller {
    if (!this.#file.tenants) return { name, grants: this.#grants(given) };
    const isAbove = given.some(({ tenant }) => tenant === ALL);
    const named = given.flatMap(({ tenant }) =>
      tenant === undefined || tenant === ALL ? [] : tenant,
    );
    const open = [...new Set([...own, ...named])];
    const tenant = chosen ?? (isAbove ? null : onlyOf(open));
    if (tenant !== null && !(isTenant(tenant) && (isAbove || open.includes(tenant))))
      throw chooseOneOf(open);
    // What is given in one tenant is not given in another.
    const here = given.filter(
      (one) =>
        one.tenant === ALL ||
        (tenant !== null &&
          (one.tenant === undefined ? own.includes(tenant) : one.tenant === tenant)),
    );
    if (here.length === 0) throw nothingHere();
    return this.inShare({ name, tenant, grants: this.#grants(here) });
  }

  /** What a tenant may take of what all share: no priority before the standard, unless the file gives it. */
  #shareOf(tenant: string): TenantShare {
    const { weight, open, lists, priority } = this.#file.limits.tenants[tenant] ?? {};
    return {
      priority: priority ?? STANDARD_PRIORITY,
      ...(weight !== undefined && { weight }),
      ...(open !== undefined && { open }),
      ...(lists !== undefined && { lists }),
    };
  }

  #grants(given: readonly { readonly roles: readonly string[] }[]): readonly Grant[] {
    const names = new Set(given.flatMap(({ roles }) => roles));
    return [...names].flatMap((name) => builtIn(name) ?? this.#file.roles[name] ?? []);
  }
}

const ALL = '*';
const STANDARD_PRIORITY = 3;

const asShown = (id: string): string =>
  id.startsWith('sub:') ? `sub:${toCallerName(id.slice(4))}` : id;

function fits({ subject, claim, has }: AuthFile['bindings'][number], claims: Claims): boolean {
  if (subject !== undefined) return subject === claims.sub;
  if (claim === undefined || has === undefined) return false;
  const texts = textsOf(claims[claim]);
  return has === ALL ? texts.length > 0 : texts.includes(has);
}

const builtIn = (name: string): Grant | undefined =>
  isRole(name) ? { can: ROLES[name] } : undefined;
const isRole = (name: string): name is keyof typeof ROLES => Object.hasOwn(ROLES, name);

const isTenant = (name: string): boolean => TENANT.test(name);

/** Text, or a list of texts, as issuers write groups. */
const textsOf = (claim: unknown): readonly string[] =>
  (Array.isArray(claim) ? claim : [claim]).filter((one) => typeof one === 'string');

function onlyOf(open: readonly string[]): string {
  const [only, ...others] = open;
  if (only === undefined) throw nothingHere();
  if (others.length > 0) throw chooseOneOf(open);
  return only;
}

const nothingHere = (): NotAdmitted =>
  new NotAdmitted('no-binding', 'This credential is good, and gives no rights here.');

const chooseOneOf = (open: readonly string[]): NotAdmitted =>
  open.length === 0
    ? nothingHere()
    : new NotAdmitted('no-tenant', `Choose a tenant by \`x-tenant\`: ${open.join(', ')}.`);
