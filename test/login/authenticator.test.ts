import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, test, vi } from 'vitest';
import { newApiKey } from '../../src/login/api-keys.ts';
import { parseAuthFile } from '../../src/login/auth-file.ts';
import { AuthRules } from '../../src/login/auth-rules.ts';
import { Authenticator, sessionOfToken } from '../../src/login/authenticator.ts';
import { RunTokens } from '../../src/login/run-tokens.ts';
import type { Presented } from '../../src/login/session.ts';
import { LOOPBACK, trustedPeers } from '../../src/login/trusted-peers.ts';

const ci = newApiKey('ci');
const newer = newApiKey('ci');
const old = newApiKey('old');
const other = newApiKey('other');
const secret = (fill: number) => new Uint8Array(32).fill(fill);
const tokens = new RunTokens([{ kid: 'a', secret: secret(1) }]);

const FILE = {
  keys: [
    { id: 'ci', hashes: [ci.hash, newer.hash], roles: ['operator'] },
    { id: 'old', hashes: [old.hash], roles: ['operator'], expires: '2026-01-01T00:00:00Z' },
  ],
  bindings: [{ subject: 'ann', roles: ['viewer'] }],
};
const rulesOf = (file: object): AuthRules => new AuthRules(parseAuthFile(JSON.stringify(file)));
const open = (file: object = FILE): Authenticator =>
  new Authenticator({
    rules: rulesOf(file),
    tokens,
    proxy: { header: 'x-user', isTrusted: trustedPeers(LOOPBACK) },
  });

const shown = (authorization?: string, more: Partial<Presented> = {}): Presented => ({
  authorization: authorization === undefined ? [] : [authorization],
  headers: {},
  remoteAddress: '127.0.0.1',
  tenant: undefined,
  ...more,
});
const bearer = (token: string): Presented => shown(`Bearer ${token}`);
const RUN = 'sayHello-1';
const mint = (seconds = 60) =>
  tokens.mint({ sub: 'ann', run: RUN, can: ['read', 'logs'] }, seconds);

describe('lets in', () => {
  test('whoever shows a key, by each of its hashes', async () => {
    const { authenticate } = open();
    for (const { key } of [ci, newer])
      expect(await authenticate(bearer(key))).toMatchObject({
        caller: { name: 'key ci', grants: [{ can: expect.arrayContaining(['abort']) }] },
        credential: 'API_KEY',
        credentialId: 'key:ci',
        expiresAt: null,
      });
  });

  test('whoever shows a run token, for that run', async () => {
    const { token, id, expiresAt } = await mint();
    expect(await open().authenticate(bearer(token))).toMatchObject({
      caller: { name: 'ann', tenant: null, grants: [{ can: ['read', 'logs'], runs: [RUN] }] },
      credential: 'RUN_TOKEN',
      credentialId: `token:${id}`,
      expiresAt: expiresAt.getTime(),
    });
  });

  test('whoever shows a token for one definition, bound to what it fixes', async () => {
    const said = { sub: 'ann', def: 'sayHello', fix: { name: 'Bo' }, can: ['trigger'] as const };
    const mintOne = async (once?: true) =>
      await tokens.mint({ ...said, can: [...said.can], ...(once && { once }) }, 60);
    const single = await mintOne(true);
    expect(await open().authenticate(bearer(single.token))).toMatchObject({
      caller: {
        grants: [{ can: ['trigger'], definitions: ['sayHello'] }],
        bound: { input: { name: 'Bo' }, key: `token:${single.id}` },
      },
    });
    expect(await open().authenticate(bearer((await mintOne()).token))).toMatchObject({
      caller: { bound: { input: { name: 'Bo' }, key: undefined } },
    });
  });

  test('whom a trusted proxy names', async () => {
    const session = await open().authenticate(shown(undefined, { headers: { 'x-user': 'ann' } }));
    expect(session).toMatchObject({ caller: { name: 'ann' }, credential: 'PROXY' });
  });
});

describe('refuses', () => {
  const wrong = `${ci.key.slice(0, -1)}${ci.key.endsWith('a') ? 'b' : 'a'}`;
  test.each<[string, Presented, string]>([
    ['nothing', shown(), 'no-credential'],
    [
      'two credentials',
      { ...bearer(ci.key), authorization: [`Bearer ${ci.key}`, 'Bearer x'] },
      'several-credentials',
    ],
    ['a password', shown('Basic eDp5'), 'no-bearer-token'],
    ['more than 8 KiB', bearer('a'.repeat(8193)), 'no-bearer-token'],
    ['a key with another last character', bearer(wrong), 'wrong-key'],
    ['a key that nobody has made', bearer(other.key), 'unknown-key'],
    ['half a key', bearer(ci.key.slice(0, 20)), 'unknown-key'],
    ['a key that has expired', bearer(old.key), 'expired'],
    ['a token of a provider that there is none of', bearer('a.b.c'), 'no-provider'],
    ['nobody, named by a proxy', shown(undefined, { headers: { 'x-user': '' } }), 'no-name'],
    [
      'a name from somebody who is no proxy',
      shown(undefined, { headers: { 'x-user': 'ann' }, remoteAddress: '10.0.0.7' }),
      'untrusted-peer',
    ],
  ])('%s', async (_, presented, why) => {
    await expect(open().authenticate(presented)).rejects.toMatchObject({
      statusCode: 401,
      why,
      message: 'Expected a valid credential: `Authorization: Bearer …`.',
    });
  });

  test('whom the rules give nothing', async () => {
    const presented = shown(undefined, { headers: { 'x-user': 'bob' } });
    await expect(open().authenticate(presented)).rejects.toMatchObject({ statusCode: 403 });
  });

  test('a run token that has expired, was changed, or is of another secret', async () => {
    const { authenticate } = open();
    const said = { sub: 'ann', run: RUN, can: ['read' as const] };
    const { token } = await tokens.mint(said, 60, Date.now() - 61_000);
    await expect(authenticate(bearer(token))).rejects.toMatchObject({ why: 'jwt-expired' });
    const foreign = new RunTokens([{ kid: 'a', secret: secret(2) }]);
    const { token: forged } = await foreign.mint({ sub: 'ann', run: RUN, can: ['read'] }, 60);
    await expect(authenticate(bearer(forged))).rejects.toMatchObject({
      why: 'jws-signature-verification-failed',
    });
    const { token: good } = await mint();
    await expect(authenticate(bearer(good.slice(0, -3)))).rejects.toMatchObject({
      statusCode: 401,
    });
  });
});

test('a token for no run and no definition is not made, and not taken', async () => {
  await expect(tokens.mint({ sub: 'ann', can: ['read'] }, 60)).rejects.toThrow('for one run');
  const both = { sub: 'ann', run: RUN, def: 'countWords', can: ['read' as const] };
  await expect(tokens.mint(both, 60)).rejects.toThrow('for one run');
  const signed = await new SignJWT({ sub: 'ann', can: ['read'], jti: randomUUID(), aud: 'waymark' })
    .setProtectedHeader({ alg: 'HS256', typ: 'waymark+jwt', kid: 'a' })
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(secret(1));
  await expect(open().authenticate(bearer(signed))).rejects.toMatchObject({ statusCode: 401 });
});

test.each([
  ['a run, without `read`', { run: RUN, can: ['logs'] }],
  ['a run, with a right of the whole installation', { run: RUN, can: ['read', 'settings'] }],
  ['a run, with a right to trigger', { run: RUN, can: ['read', 'trigger'] }],
  ['a definition, with a right to read', { def: 'countWords', can: ['trigger', 'read'] }],
] as const)('a token for %s is not made', async (_, said) => {
  await expect(tokens.mint({ sub: 'ann', ...said, can: [...said.can] }, 60)).rejects.toThrow(
    'other rights of a run',
  );
});

test.each([0, 0.5, -1, 86_401, NaN])('no token lives for %d s', async (expiresIn) => {
  await expect(mint(expiresIn)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    details: { argument: 'expiresIn' },
  });
});

test('a token for a name that none can be, or longer than one may be, is not made', async () => {
  await expect(tokens.mint({ sub: 'a:b', run: RUN, can: ['read'] }, 60)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
  const fix = (length: number) =>
    tokens.mint({ sub: 'ann', def: 'a', can: ['trigger'], fix: { a: 'a'.repeat(length) } }, 60);
  await expect(fix(8192)).rejects.toMatchObject({ details: { argument: 'fixed' } });
  const { token } = await fix(5000);
  expect(await open().authenticate(bearer(token))).toMatchObject({ credential: 'RUN_TOKEN' });
});

test('a token has the share of its tenant', async () => {
  const file = { tenants: {}, limits: { tenants: { acme: { weight: 2, priority: 2 } } } };
  const said = { sub: 'ann', ten: 'acme', def: 'countWords', can: ['trigger' as const] };
  const { token } = await tokens.mint(said, 60);
  const login = open({ ...FILE, ...file, keys: [], bindings: [] });
  const session = await login.authenticate(bearer(token));
  expect(session.caller).toMatchObject({ tenant: 'acme', share: { weight: 2, priority: 2 } });
});

test('one secret replaces another', async () => {
  const [a, b] = [
    { kid: 'a', secret: secret(1) },
    { kid: 'b', secret: secret(2) },
  ];
  const { token } = await new RunTokens([a]).mint({ sub: 'ann', run: RUN, can: ['read'] }, 60);
  await expect(new RunTokens([b, a]).verify(token)).resolves.toMatchObject({ run: RUN });
  await expect(new RunTokens([b]).verify(token)).rejects.toThrow('No secret has the id "a"');
});

describe('a session that is watched', () => {
  test('ends when its credential expires', async () => {
    const { token } = await mint(1);
    const session = await open().authenticate(bearer(token));
    const ended = await new Promise((resolve) => session.watch(resolve));
    expect(ended).toBe('expired');
  });

  test('ends when its key is revoked, taken out, or replaced', async () => {
    for (const file of [
      { ...FILE, revoked: ['key:ci'] },
      { ...FILE, keys: [] },
      { ...FILE, keys: [{ id: 'ci', hashes: [newer.hash], roles: ['operator'] }] },
    ]) {
      const login = open();
      const session = await login.authenticate(bearer(ci.key));
      const ended = vi.fn<(end: string) => void>();
      session.watch(ended);
      login.rules = rulesOf(file);
      expect(ended.mock.calls).toEqual([['revoked']]);
      await expect(login.authenticate(bearer(ci.key))).rejects.toMatchObject({ statusCode: 401 });
    }
  });

  test('ends when it has other rights, and only then', async () => {
    const login = open();
    const ended = vi.fn<(end: string) => void>();
    const session = await login.authenticate(bearer(ci.key));
    session.watch(ended);
    login.rules = rulesOf({ ...FILE, bindings: [] });
    expect(ended).not.toHaveBeenCalled();
    login.rules = rulesOf({
      ...FILE,
      keys: [{ id: 'ci', hashes: [ci.hash], roles: ['viewer'] }],
    });
    expect(ended.mock.calls).toEqual([['changed']]);
  });

  test('ends when it was revoked before the watch began', async () => {
    const login = open();
    const session = await login.authenticate(bearer(ci.key));
    login.rules = rulesOf({ ...FILE, revoked: ['key:ci'] });
    expect(await new Promise((resolve) => session.watch(resolve))).toBe('revoked');
  });

  test('is let go', async () => {
    const login = open();
    const ended = vi.fn<(end: string) => void>();
    const session = await login.authenticate(bearer(ci.key));
    session.watch(ended)();
    login.rules = rulesOf({ ...FILE, revoked: ['key:ci'] });
    expect(ended).not.toHaveBeenCalled();
  });

  test('ends for a token that is revoked, or whose minter or trigger token is', async () => {
    const of = randomUUID();
    for (const [sub, revoked] of [
      ['ann', (id: string) => `token:${id}`],
      ['ann', () => `token:${of}`],
      ['ann', () => 'sub:ann'],
      ['key ci', () => 'key:ci'],
      ['key ci', () => 'sub:key ci'],
    ] as const) {
      const login = open();
      const ended = vi.fn<(end: string) => void>();
      const { token, id } = await tokens.mint({ sub, run: RUN, can: ['read'], of }, 60);
      const session = await login.authenticate(bearer(token));
      session.watch(ended);
      login.rules = rulesOf({ ...FILE, revoked: ['sub:bob', 'key:old', revoked(id)] });
      expect(ended.mock.calls).toEqual([['revoked']]);
      await expect(login.authenticate(bearer(token))).rejects.toMatchObject({ why: 'revoked' });
    }
  });
});

describe('an `authenticate` of an application’s own', () => {
  test('knows a run token, and when it ends', async () => {
    const { token, id, expiresAt } = await mint();
    expect(await sessionOfToken(tokens, bearer(token))).toMatchObject({
      caller: { name: 'ann', tenant: null, grants: [{ can: ['read', 'logs'], runs: [RUN] }] },
      credential: 'RUN_TOKEN',
      credentialId: `token:${id}`,
      expiresAt: expiresAt.getTime(),
    });
  });

  test.each([shown(), shown('Basic eDp5'), bearer(ci.key), bearer('a.b.c')])(
    'is left with any other credential',
    async (presented) => expect(await sessionOfToken(tokens, presented)).toBeNull(),
  );

  test('lets nobody in by a token that another secret signed, has expired, or comes twice', async () => {
    const { token } = await mint();
    const others = new RunTokens([{ kid: 'a', secret: secret(2) }]);
    const old = await tokens.mint(
      { sub: 'ann', run: RUN, can: ['read'] },
      60,
      Date.now() - 120_000,
    );
    for (const [of, presented] of [
      [others, bearer(token)],
      [tokens, bearer(old.token)],
      [tokens, shown(undefined, { authorization: [`Bearer ${token}`, `Bearer ${token}`] })],
    ] as const)
      await expect(sessionOfToken(of, presented)).rejects.toMatchObject({ statusCode: 401 });
  });
});
