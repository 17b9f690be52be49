import { expect, test } from 'vitest';
import { parseAuthFile } from '../../src/login/auth-file.ts';

const hash = `sha256:${'a'.repeat(43)}`;

test('an empty file gives nothing to anybody', () => {
  expect(parseAuthFile('{}')).toEqual({
    roles: {},
    bindings: [],
    keys: [],
    revoked: [],
    limits: {
      caller: { burst: 1000, rate: 100 },
      address: { failures: { burst: 10, rate: 1 }, silentSockets: 20 },
      tenants: {},
    },
  });
});

test.each<[string, unknown, string]>([
  ['a word that is not known', { role: {} }, 'the file: Unrecognized key: "role"'],
  [
    'a claim without what it has',
    { bindings: [{ claim: 'g', roles: ['admin'] }] },
    'bindings.0: expected either `subject`',
  ],
  [
    'a subject and a claim',
    { bindings: [{ subject: 'a', claim: 'g', has: 'x', roles: ['admin'] }] },
    'bindings.0: expected either `subject`',
  ],
  [
    'a role that is not there',
    { bindings: [{ subject: 'a', roles: ['nope'] }] },
    'bindings.0.roles: there is no role "nope"',
  ],
  [
    'a role that is a word of JavaScript',
    { bindings: [{ subject: 'a', roles: ['constructor'] }] },
    'there is no role "constructor"',
  ],
  ['a role of ours', { roles: { admin: { can: ['read'] } } }, 'roles.admin: this role is built in'],
  ['a right that is not there', { roles: { pilot: { can: ['fly'] } } }, 'roles.pilot'],
  [
    'a key in clear',
    { keys: [{ id: 'a', hashes: ['wmk_a_secret'], roles: ['viewer'] }] },
    'keys.0.hashes.0: expected `sha256:…`',
  ],
  [
    'two keys of one id',
    {
      keys: [
        { id: 'a', hashes: [hash], roles: ['viewer'] },
        { id: 'a', hashes: [hash], roles: ['admin'] },
      ],
    },
    'keys.1.id: two keys have the id "a"',
  ],
  [
    'a tenant where there are none',
    { bindings: [{ subject: 'a', tenant: 'acme', roles: ['admin'] }] },
    'bindings.0.tenant: there are no tenants',
  ],
  [
    'a key of no tenant where there are some',
    { tenants: {}, keys: [{ id: 'a', hashes: [hash], roles: ['viewer'] }] },
    'keys.0.tenant: expected a tenant, or `*`',
  ],
  [
    'a budget of tenants where there are none',
    { limits: { tenant: { burst: 1, rate: 1 } } },
    'limits.tenant: there are no tenants',
  ],
  [
    'a rate of tenants where there are none',
    { limits: { activitiesPerSecond: 10 } },
    'limits.activitiesPerSecond: there are no tenants',
  ],
  [
    'a budget that lets nobody in',
    { limits: { caller: { burst: 0, rate: 1 } } },
    'limits.caller.burst',
  ],
  [
    'limits of tenants where there are none',
    { limits: { tenants: { acme: { weight: 1 } } } },
    'limits.tenants: there are no tenants',
  ],
  [
    'a limit of nothing',
    { tenants: {}, limits: { tenants: { acme: { weight: 0 } } } },
    'limits.tenants.acme.weight',
  ],
  ['what nobody could have revoked', { revoked: ['mallory'] }, 'revoked.0: expected `key:…`'],
])('refuses %s', (_, file, message) => {
  expect(() => parseAuthFile(JSON.stringify(file))).toThrow(message);
});

test('says every fault, a line each', () => {
  const file = { role: 1, revoked: ['x', 'y'], roles: { pilot: { can: ['fly'] } } };
  const faults = () => parseAuthFile(JSON.stringify(file));
  expect(faults).toThrow(/roles\.pilot/);
  expect(faults).toThrow(/revoked\.0/);
  expect(faults).toThrow(/revoked\.1/);
  expect(faults).toThrow(/role"/);
});

test('refuses half a file', () => {
  expect(() => parseAuthFile('{"keys": [')).toThrow('Expected JSON');
});
