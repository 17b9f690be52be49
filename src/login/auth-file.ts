import { z } from 'zod';
import { RIGHTS } from '../contract/caller.ts';
import { LIMITS } from '../contract/limits.ts';
import { ROLES } from '../rights/rights.ts';
import { TENANT } from '../contract/wire/tenant.ts';
import { KEY_HASH, KEY_ID } from './api-keys.ts';

const tenant = z
  .string()
  .regex(TENANT, 'expected lower-case letters, digits and hyphens, at most 40');
const tenantOrAll = z.union([tenant, z.literal('*')]);
const roles = z.array(z.string()).min(1);

const grant = z.strictObject({
  can: z.array(z.enum(RIGHTS)).min(1),
  // A filter of a list takes a hundred.
  definitions: z
    .array(
      z
        .string()
        .regex(
          /^[A-Za-z][A-Za-z0-9]*\*?$/,
          'expected the id of a definition, or its beginning and `*`',
        ),
    )
    .min(1)
    .max(100)
    .optional(),
  own: z.boolean().optional(),
});

const binding = z
  .strictObject({
    subject: z.string().min(1).optional(),
    claim: z.string().min(1).optional(),
    has: z.string().min(1).optional(),
    tenant: tenantOrAll.optional(),
    roles,
  })
  .refine(
    ({ subject, claim, has }) =>
      subject === undefined
        ? claim !== undefined && has !== undefined
        : (claim ?? has) === undefined,
    'expected either `subject`, or `claim` and `has`',
  );

const key = z.strictObject({
  id: z.string().regex(KEY_ID, 'expected lower-case letters, digits and hyphens, at most 40'),
  hashes: z
    .array(z.string().regex(KEY_HASH, 'expected `sha256:…` as it was printed with the key'))
    .min(1)
    .max(3),
  tenant: tenantOrAll.optional(),
  roles,
  expires: z.iso.datetime({ offset: true }).optional(),
});

const allowance = z.strictObject({
  burst: z.int().min(1).max(1_000_000),
  rate: z.number().min(0.1).max(1_000_000),
});

const limits = z.strictObject({
  /** Points of each caller, and of all callers of each tenant together. */
  caller: allowance.default(LIMITS.budget),
  tenant: allowance.optional(),
  /** Activities that Temporal starts a second, of each tenant of weight 1. */
  activitiesPerSecond: z.number().min(0.1).max(100_000).optional(),
  /** Of each address: logins that fail, and sockets that have not said who asks. */
  address: z
    .strictObject({
      failures: allowance.default(LIMITS.address.failures),
      silentSockets: z.int().min(1).max(20_000).default(LIMITS.address.silentSockets),
    })
    .prefault({}),
  tenants: z
    .record(
      tenant,
      z.strictObject({
        /** Beside other tenants, when Temporal takes from each in turn. */
        weight: z.number().min(0.001).max(1000).optional(),
        /** The first that it may ask for. */
        priority: z.int().min(1).max(5).optional(),
        /** Instead of `limits.tenant`. */
        budget: allowance.optional(),
        /** Runs that may be open when one is triggered. */
        open: z.int().min(1).max(1_000_000).optional(),
        /** Different lists that its callers follow live, at once. */
        lists: z.int().min(1).max(100).optional(),
      }),
    )
    .default({}),
});

/** Strict: a word that is not known is a right that somebody believes to have given, or taken. */
const FILE = z
  .strictObject({
    /** There are tenants. `claim`: where a token says which. */
    tenants: z.strictObject({ claim: z.string().min(1).optional() }).optional(),
    roles: z.record(z.string(), z.union([grant, z.array(grant).min(1)])).default({}),
    bindings: z.array(binding).default([]),
    keys: z.array(key).default([]),
    revoked: z
      .array(z.string().regex(/^(?:key|token|sub):./, 'expected `key:…`, `token:…` or `sub:…`'))
      .default([]),
    limits: limits.prefault({}),
  })
  .superRefine((file, context) => {
    const fault = (message: string, ...path: (string | number)[]): void =>
      context.addIssue({ code: 'custom', path, message });
    for (const name of Object.keys(file.roles))
      if (Object.hasOwn(ROLES, name)) fault('this role is built in', 'roles', name);
    for (const where of ['bindings', 'keys'] as const)
      for (const [at, one] of file[where].entries()) {
        for (const role of one.roles)
          if (!Object.hasOwn(ROLES, role) && !Object.hasOwn(file.roles, role))
            fault(`there is no role ${JSON.stringify(role)}`, where, at, 'roles');
        if (one.tenant !== undefined && !file.tenants)
          fault('there are no tenants: the file has no `tenants`', where, at, 'tenant');
      }
    for (const [at, { id, tenant: of }] of file.keys.entries()) {
      // Left out it could mean all of them, or none.
      if (file.tenants && of === undefined)
        fault('expected a tenant, or `*` for all of them', 'keys', at, 'tenant');
      if (file.keys.findIndex((other) => other.id === id) !== at)
        fault(`two keys have the id ${JSON.stringify(id)}`, 'keys', at, 'id');
    }
    if (!file.tenants && Object.keys(file.limits.tenants).length > 0)
      fault('there are no tenants: the file has no `tenants`', 'limits', 'tenants');
    for (const word of ['tenant', 'activitiesPerSecond'] as const)
      if (!file.tenants && file.limits[word] !== undefined)
        fault('there are no tenants: the file has no `tenants`', 'limits', word);
  });
export type AuthFile = z.output<typeof FILE>;

/** A file that cannot be used; the message has every fault of it, a line each. */
export class AuthFileError extends Error {
  override readonly name = 'AuthFileError';
}

/** Reads what a file says: roles, who has which, keys, and what is revoked. Throws `AuthFileError`. */
export function parseAuthFile(text: string): AuthFile {
  const read = FILE.safeParse(toJson(text));
  if (read.success) return read.data;
  const faults = read.error.issues.map(({ path, message }) => `${toPath(path)}: ${message}`);
  throw new AuthFileError(faults.join('\n'));
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AuthFileError(
      `Expected JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

const toPath = (path: readonly PropertyKey[]): string =>
  path.length === 0 ? 'the file' : path.map(String).join('.');
