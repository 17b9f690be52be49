import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, decodeJwt, exportJWK, exportSPKI, generateKeyPair, importJWK } from 'jose';
import type { JWK, JWTHeaderParameters } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { OidcVerifier } from '../../src/login/oidc-verifier.ts';
import { AUDIENCE, newKey, startProvider } from './support/provider.ts';
import type { TestProvider } from './support/provider.ts';

const COOLDOWN = 200;
let provider: TestProvider;
let first: JWK;
let second: JWK;
const clock = { ahead: 0 };
const reports: string[] = [];
const opened: OidcVerifier[] = [];

beforeAll(async () => {
  // That its store is no good for production.
  vi.spyOn(console, 'warn').mockReturnValue();
  vi.spyOn(console, 'info').mockReturnValue();
  [first, second] = await Promise.all([newKey('first'), newKey('second', 'ES256')]);
  provider = await startProvider([first]);
});
afterAll(async () => {
  for (const one of opened) one.close();
  await provider.down();
});

async function verifier(audience = AUDIENCE): Promise<OidcVerifier> {
  const one = new OidcVerifier({
    issuer: provider.issuer,
    audience,
    report: (line) => reports.push(line),
    now: () => Date.now() + clock.ahead,
    cooldown: COOLDOWN,
  });
  opened.push(one);
  const there = `Login provider ${provider.issuer} is there`;
  const before = reports.filter((line) => line === there).length;
  await vi.waitFor(
    () => expect(reports.filter((line) => line === there).length).toBeGreaterThan(before),
    { timeout: 20_000 },
  );
  return one;
}

test('reads the access token of a real provider', async () => {
  const oidc = await verifier();
  const { claims, expiresAt } = await oidc.verify(await provider.accessToken());
  expect(claims).toMatchObject({ sub: 'ci', tenant: 'acme', groups: ['tasks-operators'] });
  expect(expiresAt).toBeGreaterThan(Date.now());
});

test('refuses the ID token of a real provider, which is good for the client that it was made for', async () => {
  const oidc = await verifier();
  const token = await provider.idToken();
  const { iss, sub, aud } = decodeJwt(token);
  expect({ iss, sub, aud }).toEqual({ iss: provider.issuer, sub: 'ci', aud: 'ci' });
  await expect(oidc.verify(token)).rejects.toThrow('unexpected "aud" claim value');
  const ofClient = await verifier('ci');
  await expect(ofClient.verify(token)).resolves.toMatchObject({ claims: { sub: 'ci' } });
});

test('follows a provider that rotates its keys, with one fetch for any number of unknown ones', async () => {
  const oidc = await verifier();
  const old = await provider.accessToken();
  provider.rotate([second, first]);
  await oidc.verify(old);
  // The keys were fetched a moment ago: one that came since is unknown until the pause is over.
  await vi.waitFor(async () => oidc.verify(await provider.accessToken()), { timeout: 10_000 });
  await oidc.verify(old);

  const before = provider.fetches.keys;
  const { privateKey } = await generateKeyPair('RS256');
  const invented = await Promise.all(
    Array.from({ length: 50 }, (_, at) =>
      new SignJWT({ sub: 'a' })
        .setProtectedHeader({ alg: 'RS256', kid: `invented-${at}` })
        .setIssuer(provider.issuer)
        .setAudience(AUDIENCE)
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(privateKey),
    ),
  );
  const answers = await Promise.allSettled(invented.map((token) => oidc.verify(token)));
  expect(answers.every(({ status }) => status === 'rejected')).toBe(true);
  expect(provider.fetches.keys - before).toBeLessThanOrEqual(1);
  provider.rotate([first]);
});

test('goes on with the keys it has while the provider is down, for a day', async () => {
  const oidc = await verifier();
  const sign = await signer(first);
  await provider.down();
  try {
    clock.ahead = 3 * 3_600_000;
    await expect(oidc.verify(await sign())).resolves.toMatchObject({ claims: { sub: 'ann' } });
    clock.ahead = 25 * 3_600_000;
    await expect(oidc.verify(await sign())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  } finally {
    await provider.up();
  }
  await expect(oidc.verify(await sign())).resolves.toMatchObject({ claims: { sub: 'ann' } });
  clock.ahead = 0;
});

test('refuses a key that the provider has taken back', async () => {
  const oidc = await verifier();
  const sign = await signer(first);
  await oidc.verify(await sign());
  provider.rotate([second]);
  clock.ahead = 11 * 60_000;
  await vi.waitFor(
    async () => expect(oidc.verify(await sign())).rejects.toThrow('no applicable key'),
    {
      timeout: 10_000,
    },
  );
  clock.ahead = 0;
  provider.rotate([first]);
});

test('waits for a provider that is not there yet, and says so', async () => {
  await provider.down();
  const oidc = new OidcVerifier({
    issuer: provider.issuer,
    audience: AUDIENCE,
    report: (line) => reports.push(line),
  });
  opened.push(oidc);
  try {
    await expect(oidc.verify('a.b.c')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await vi.waitFor(() => expect(reports.at(-1)).toContain('cannot be used yet'), 10_000);
  } finally {
    await provider.up();
  }
  const sign = await signer(first);
  await vi.waitFor(async () => oidc.verify(await sign()), { timeout: 20_000 });
});

describe('of what is written by hand', () => {
  test.each<[string, () => Claims]>([
    ['for two audiences, ours among them', () => ({ aud: ['other', AUDIENCE] })],
    ['that expired within the time that clocks may be apart', () => ({ exp: seconds() - 20 })],
  ])('takes a token %s', async (_, claims) => {
    const oidc = await verifier();
    const sign = await signer(first);
    await expect(oidc.verify(await sign(claims()))).resolves.toMatchObject({
      claims: { sub: 'ann' },
    });
  });

  test.each<[string, () => Claims]>([
    ['for another audience', () => ({ aud: 'other' })],
    ['for no audience', () => ({ aud: undefined })],
    ['of another issuer', () => ({ iss: 'http://127.0.0.1:1' })],
    ['that has expired', () => ({ exp: seconds() - 40 })],
    ['that does not expire', () => ({ exp: undefined })],
    ['that expires in words', () => ({ exp: 'tomorrow' })],
    ['that is not good yet', () => ({ nbf: seconds() + 60 })],
    ['made in an hour', () => ({ iat: seconds() + 3600 })],
    ['without a date', () => ({ iat: undefined })],
    ['of nobody', () => ({ sub: undefined })],
    ['of an empty name', () => ({ sub: '' })],
    ['of a number', () => ({ sub: 7 })],
  ])('refuses a token %s', async (_, claims) => {
    const oidc = await verifier();
    const sign = await signer(first);
    const answer = await oidc.verify(await sign(claims())).catch(() => 'refused');
    expect(answer).toBe('refused');
  });

  test('refuses what is not signed with a key of the provider', async () => {
    const trap = { fetches: 0 };
    const server = createServer((_, response) => {
      trap.fetches++;
      response.end(JSON.stringify({ keys: [] }));
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const oidc = await verifier();
    const sign = await signer(first);
    const good = await sign();
    const [head = '', body = '', signature = ''] = good.split('.');
    const other = await generateKeyPair('RS256', { extractable: true });
    const claims = {
      sub: 'ann',
      iss: provider.issuer,
      aud: AUDIENCE,
      iat: seconds(),
      exp: seconds() + 60,
    };
    const { kty, n, e } = first;
    const publicKey = await importJWK({ kty, n, e } as JWK, 'RS256', { extractable: true });
    const hostile = {
      'no algorithm': `${encoded({ alg: 'none' })}.${body}.`,
      'no algorithm, in other letters': `${encoded({ alg: 'None', kid: 'first' })}.${body}.`,
      'a shared secret that is the public key': await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', kid: 'first' })
        .sign(new TextEncoder().encode(await exportSPKI(publicKey as never))),
      'another key under its name': await sign({}, { kid: 'first' }, other.privateKey),
      'a key that it brings along': await sign(
        {},
        { kid: undefined as never, jwk: await exportJWK(other.publicKey) },
        other.privateKey,
      ),
      'a key from elsewhere': await sign(
        {},
        { kid: 'z', jku: `http://127.0.0.1:${port}/jwks` },
        other.privateKey,
      ),
      'a path for a key': await sign({}, { kid: '../../etc/passwd' }, other.privateKey),
      'a word that must be understood': `${encoded({ alg: 'RS256', kid: 'first', crit: ['x'], x: 1 })}.${body}.${signature}`,
      'a shorter signature': good.slice(0, -4),
      'another body': `${head}.${encoded({ ...claims, sub: 'admin' })}.${signature}`,
      'five parts': 'a.b.c.d.e',
      nothing: '',
    };
    const taken: string[] = [];
    for (const [what, token] of Object.entries(hostile))
      await oidc.verify(token).then(
        () => taken.push(what),
        () => undefined,
      );
    expect(taken).toEqual([]);
    expect(trap.fetches).toBe(0);
    server.close();
  });
});

/** What a token may say, or leave out. */
type Claims = Readonly<Record<string, unknown>>;

const seconds = (): number => Math.floor(Date.now() / 1000);
const encoded = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signs as the provider does, whatever is asked. */
async function signer(key: JWK) {
  const own = await importJWK(key, key.alg);
  return (
    claims: Claims = {},
    header: Partial<JWTHeaderParameters> = {},
    by = own,
  ): Promise<string> =>
    new SignJWT({
      iss: provider.issuer,
      aud: AUDIENCE,
      sub: 'ann',
      iat: Math.floor((Date.now() + clock.ahead) / 1000),
      exp: Math.floor((Date.now() + clock.ahead) / 1000) + 60,
      ...claims,
    })
      .setProtectedHeader({ alg: key.alg ?? 'RS256', kid: key.kid ?? '', ...header })
      .sign(by);
}
