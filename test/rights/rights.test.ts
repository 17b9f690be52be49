import { describe, expect, test } from 'vitest';
import type { Caller } from '../../src/contract/caller.ts';
import { ROLES, may } from '../../src/rights/rights.ts';
import { inTenant, tenantOf } from '../../src/contract/wire/tenant.ts';

const run = { id: 'acme~importPages-1', definition: 'importPages', triggeredBy: 'ann' };

describe('may', () => {
  test('whoever has no list of grants does everything', () => {
    expect(may({ name: 'nightly' }, 'delete', run)).toBe(true);
  });

  test.each<[string, Partial<Caller>, boolean]>([
    ['no grant', { grants: [] }, false],
    ['a role with the right', { grants: [{ can: ROLES.operator }] }, true],
    ['a role without it', { grants: [{ can: ROLES.viewer }] }, false],
    ['the definition', { grants: [{ can: ['abort'], definitions: ['importPages'] }] }, true],
    ['the beginning of it', { grants: [{ can: ['abort'], definitions: ['import*'] }] }, true],
    ['another definition', { grants: [{ can: ['abort'], definitions: ['import'] }] }, false],
    ['the run', { grants: [{ can: ['abort'], runs: [run.id] }] }, true],
    ['another run', { grants: [{ can: ['abort'], runs: ['acme~importPages-2'] }] }, false],
    ['its own runs', { name: 'ann', grants: [{ can: ['abort'], own: true }] }, true],
    ['its own runs, and this is not', { grants: [{ can: ['abort'], own: true }] }, false],
    ['its tenant', { tenant: 'acme', grants: [{ can: ['abort'] }] }, true],
    ['another tenant', { tenant: 'beta', grants: [{ can: ['abort'] }] }, false],
    [
      'two grants that it fits only together',
      {
        grants: [
          { can: ['abort'], definitions: ['other'] },
          { can: ['read'], definitions: ['importPages'] },
        ],
      },
      false,
    ],
  ])('a caller with %s', (_, caller, allowed) => {
    expect(may({ name: 'bob', ...caller }, 'abort', run)).toBe(allowed);
  });
});

test.each([
  ['acme~run-1', 'acme'],
  ['run-1', null],
  ['~run-1', null],
  ['Not a tenant~run-1', null],
  [inTenant('acme', 'a~b'), 'acme'],
  [inTenant(null, 'run-1'), null],
])('%s is a run of %s', (id, tenant) => {
  expect(tenantOf(id)).toBe(tenant);
});
