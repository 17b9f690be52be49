import { describe, expect, test } from 'vitest';
import { parseAuthFile } from '../../src/login/auth-file.ts';
import { AuthRules } from '../../src/login/auth-rules.ts';

const rules = (file: object): AuthRules => new AuthRules(parseAuthFile(JSON.stringify(file)));

const company = rules({
  tenants: { claim: 'tenant' },
  roles: { importer: { can: ['read', 'trigger'], definitions: ['import*'] } },
  bindings: [
    { claim: 'groups', has: 'ops', roles: ['operator'] },
    { subject: 'repo:acme/shop:ref:refs/heads/main', tenant: 'acme', roles: ['importer'] },
    { claim: 'groups', has: 'platform', tenant: '*', roles: ['admin'] },
    { subject: 'eve', tenant: 'beta', roles: ['viewer'] },
  ],
});
const OPERATOR = { can: ['read', 'payloads', 'logs', 'operate', 'trigger', 'abort'] };

describe('with tenants', () => {
  test.each<[string, Record<string, unknown> & { sub: string }, string | undefined, unknown]>([
    [
      'its group counts in the tenant of its token',
      { sub: 'ann', groups: ['ops'], tenant: 'acme' },
      undefined,
      { name: 'ann', tenant: 'acme', grants: [OPERATOR] },
    ],
    [
      'groups may be one text',
      { sub: 'ann', groups: 'ops', tenant: 'acme' },
      undefined,
      { name: 'ann', tenant: 'acme', grants: [OPERATOR] },
    ],
    [
      'one of two tenants is chosen',
      { sub: 'ann', groups: ['ops'], tenant: ['acme', 'beta'] },
      'beta',
      { name: 'ann', tenant: 'beta', grants: [OPERATOR] },
    ],
    [
      'a subject is bound to a tenant that its token does not name',
      { sub: 'repo:acme/shop:ref:refs/heads/main' },
      undefined,
      {
        name: 'ann',
        tenant: 'acme',
        grants: [{ can: ['read', 'trigger'], definitions: ['import*'] }],
      },
    ],
    [
      'who stands above need not choose',
      { sub: 'pat', groups: ['platform'] },
      undefined,
      { name: 'ann', tenant: null, grants: [{ can: expect.arrayContaining(['settings']) }] },
    ],
    [
      'and may choose any',
      { sub: 'pat', groups: ['platform'] },
      'gamma',
      { name: 'ann', tenant: 'gamma', grants: [{ can: expect.arrayContaining(['settings']) }] },
    ],
    [
      'what is given in one tenant counts there',
      { sub: 'eve', tenant: 'acme' },
      'beta',
      { name: 'ann', tenant: 'beta', grants: [{ can: ['read', 'payloads', 'logs', 'operate'] }] },
    ],
  ])('%s', (_, claims, chosen, caller) => {
    expect(company.callerOf('ann', claims, chosen)).toMatchObject(caller as object);
  });

  test.each<[string, Record<string, unknown> & { sub: string }, string | undefined, string]>([
    [
      'another branch of a bound subject',
      { sub: 'repo:acme/shop:ref:refs/heads/evil' },
      undefined,
      'gives no rights here',
    ],
    [
      'a part of a group',
      { sub: 'x', groups: ['opsx'], tenant: 'acme' },
      undefined,
      'gives no rights here',
    ],
    [
      'a tenant that its token does not name',
      { sub: 'ann', groups: ['ops'], tenant: 'acme' },
      'beta',
      'Choose a tenant by `x-tenant`: acme.',
    ],
    [
      'two tenants, and none is chosen',
      { sub: 'ann', groups: ['ops'], tenant: ['acme', 'beta'] },
      undefined,
      'Choose a tenant by `x-tenant`: acme, beta.',
    ],
    [
      'a tenant that is a word of ours',
      { sub: 'ann', groups: ['ops'], tenant: '*' },
      undefined,
      'gives no rights here',
    ],
    [
      'a tenant with the mark in it',
      { sub: 'ann', groups: ['ops'], tenant: 'a~b' },
      undefined,
      'gives no rights here',
    ],
    ['rights of another tenant', { sub: 'eve', tenant: 'acme' }, 'acme', 'gives no rights here'],
    [
      'what no tenant is called',
      { sub: 'pat', groups: ['platform'] },
      'A B',
      'gives no rights here',
    ],
  ])('refuses %s', (_, claims, chosen, message) => {
    expect(() => company.callerOf('ann', claims, chosen)).toThrow(message);
  });

  test('a key is of its tenant and of no other', () => {
    const { keys, callerOfKey } = withKeys();
    expect(callerOfKey('ci', undefined)).toMatchObject({
      name: 'key ci',
      tenant: 'acme',
      grants: [OPERATOR],
    });
    expect(() => callerOfKey('ci', 'beta')).toThrow('Choose a tenant by `x-tenant`: acme.');
    expect(callerOfKey('root', 'beta')).toMatchObject({ name: 'key root', tenant: 'beta' });
    expect([...keys.keys()]).toEqual(['ci', 'root']);
  });
});

test('a tenant asks for no priority before the standard, unless its share says so', () => {
  const file = {
    tenants: {},
    bindings: [{ subject: 'ann', tenant: '*', roles: ['operator'] }],
    limits: { tenants: { acme: { priority: 1, weight: 2 } } },
  };
  const shareIn = (tenant: string) => rules(file).callerOf('ann', { sub: 'ann' }, tenant).share;
  expect(shareIn('acme')).toEqual({ priority: 1, weight: 2 });
  expect(shareIn('beta')).toEqual({ priority: 3 });
  expect(rules(file).callerOf('ann', { sub: 'ann' }, undefined).share).toBeUndefined();
});

test('without tenants nobody has one', () => {
  const plain = rules({
    bindings: [{ claim: 'groups', has: 'ops', roles: ['watcher', 'watcher'] }],
  });
  expect(plain.callerOf('ann', { sub: 'ann', groups: ['ops'], tenant: 'acme' }, 'acme')).toEqual({
    name: 'ann',
    grants: [{ can: ['read'] }],
  });
});

test('what is revoked is told by key, token, and subject as it is written or shown', () => {
  const some = rules({ revoked: ['key:ci', 'token:7', 'sub:repo:acme/shop'] });
  expect(some.isRevoked('key:ci')).toBe(true);
  expect(some.isRevoked('key:other', 'token:7')).toBe(true);
  expect(some.isRevoked('sub:repo:acme/shop')).toBe(true);
  expect(some.isRevoked('sub:repo%3A.acme/shop')).toBe(true);
  expect(some.isRevoked('key:other', 'sub:ci')).toBe(false);
});

function withKeys() {
  const hashes = [`sha256:${'a'.repeat(43)}`];
  const some = rules({
    tenants: {},
    keys: [
      { id: 'ci', hashes, tenant: 'acme', roles: ['operator'] },
      { id: 'root', hashes, tenant: '*', roles: ['admin'] },
    ],
  });
  return {
    keys: some.keys,
    callerOfKey: (id: string, chosen: string | undefined) => {
      const key = some.keys.get(id);
      if (!key) throw new Error(`No key ${id}`);
      return some.callerOfKey(key, chosen);
    },
  };
}
