// What goes wrong with credentials and with what gives them their rights: one answer outside, nothing open.
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { randomUUID } from 'node:crypto';
import { SignJWT, exportSPKI, generateKeyPair, importJWK } from 'jose';
import type { CryptoKey, JWTHeaderParameters } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newApiKey } from '../../src/login/api-keys.ts';
import { openSocket } from '../api/support/live-gateway.ts';
import { follow, LOG, LogClient } from '../faults/log-client.ts';
import { AUDIENCE } from '../login/support/provider.ts';
import { eventually } from '../support/whole.ts';
import { COOKIE, HEADER, openHouse, SECRET, socketOf, tenantNamed, TRANSPORTS } from './support.ts';
import type { House, Knock } from './support.ts';

const acme = tenantNamed('acme');
const [ci, vic, old, gone] = [
  newApiKey('ci'),
  newApiKey('vic'),
  newApiKey('old'),
  newApiKey('gone'),
];
const operator = { tenant: acme, roles: ['operator'] };
const CI = { id: 'ci', hashes: [ci.hash], ...operator };
const VIC = { id: 'vic', hashes: [vic.hash], tenant: acme, roles: ['viewer'] };
const FILE = {
  tenants: { claim: 'tenant' },
  bindings: [
    { claim: 'tenant', has: '*', roles: ['operator'] },
    { subject: 'adm', tenant: acme, roles: ['operator'] },
  ],
  keys: [
    CI,
    VIC,
    { id: 'old', hashes: [old.hash], ...operator, expires: '2026-01-01T00:00:00Z' },
    { id: 'gone', hashes: [gone.hash], ...operator },
  ],
  revoked: ['key:gone'],
};

let house: House;
beforeAll(async () => {
  house = await openHouse(FILE, { ann: { tenant: acme } });
});
afterAll(() => house.close());

const knock = (authorization: string): Knock => ({
  address: house.address,
  headers: { authorization },
});
const bearer = (token: string): Knock => knock(`Bearer ${token}`);
const seconds = (): number => Math.floor(Date.now() / 1000);
/** Signs as the provider does, whatever is asked. */
async function sign(
  claims: object = {},
  header: Partial<JWTHeaderParameters> = {},
  by?: CryptoKey,
): Promise<string> {
  const { provider, signedBy } = house;
  return await new SignJWT({
    iss: provider.issuer,
    aud: AUDIENCE,
    sub: 'ann',
    tenant: acme,
    iat: seconds(),
    exp: seconds() + 600,
    ...claims,
  })
    .setProtectedHeader({ alg: 'RS256', kid: 'first', ...header })
    .sign(by ?? (await importJWK(signedBy, 'RS256')));
}
/** A text in pieces, without its end. */
const cut = (text: string): string => text.slice(0, -4);
const encoded = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url');
const ME = '{ me { name } }';

/** A run token, of whatever secret and time. */
const runToken = async (secret: Uint8Array, lifetime: number): Promise<string> =>
  await new SignJWT({ sub: 'ann', ten: acme, run: `${acme}~x`, can: ['read'], aud: 'waymark' })
    .setProtectedHeader({ alg: 'HS256', typ: 'waymark+jwt', kid: SECRET.kid })
    .setIssuedAt(seconds() - 60)
    .setExpirationTime(seconds() + lifetime)
    .setJti(randomUUID())
    .sign(secret);
/** A token whose shared secret is the provider's public key. */
async function signedWithPublicKey(): Promise<string> {
  const { kty, n, e } = house.signedBy;
  const key = await importJWK({ kty, n, e } as never, 'RS256', { extractable: true });
  return await new SignJWT({ sub: 'ann', iss: house.provider.issuer, aud: AUDIENCE, tenant: acme })
    .setIssuedAt()
    .setExpirationTime('5m')
    .setProtectedHeader({ alg: 'HS256', kid: 'first' })
    .sign(new TextEncoder().encode(await exportSPKI(key)));
}
const otherKey = async (): Promise<CryptoKey> => (await generateKeyPair('RS256')).privateKey;

describe('a credential that is not good', () => {
  const HOSTILE: Readonly<Record<string, () => Promise<string> | string>> = {
    'a password': () => 'Basic eDp5',
    'no token': () => 'Bearer',
    'a key with another end': () =>
      `Bearer ${ci.key.slice(0, -1)}${ci.key.endsWith('A') ? 'B' : 'A'}`,
    'half a key': () => `Bearer ${cut(ci.key)}`,
    'a key that nobody made': () => `Bearer ${newApiKey('nobody').key}`,
    'an expired key': () => `Bearer ${old.key}`,
    'a revoked key': () => `Bearer ${gone.key}`,
    'two keys in one': () => `Bearer ${ci.key}, Bearer ${vic.key}`,
    'an expired token': async () => `Bearer ${await sign({ exp: seconds() - 40 })}`,
    'a token that is not good yet': async () => `Bearer ${await sign({ nbf: seconds() + 60 })}`,
    'a token of an hour ahead': async () => `Bearer ${await sign({ iat: seconds() + 3600 })}`,
    'a token without an end': async () => `Bearer ${await sign({ exp: undefined })}`,
    'a token of another issuer': async () => `Bearer ${await sign({ iss: 'https://evil.test' })}`,
    'a token for somebody else': async () => `Bearer ${await sign({ aud: 'https://other.test' })}`,
    'an ID token, for the page that logs in': async () =>
      `Bearer ${await house.provider.idToken('ann')}`,
    'half a token': async () => `Bearer ${cut(await sign())}`,
    'a token of no algorithm': async () =>
      `Bearer ${encoded({ alg: 'none' })}.${(await sign()).split('.')[1]}.`,
    'a token signed with the public key': async () => `Bearer ${await signedWithPublicKey()}`,
    'a token of another key': async () => `Bearer ${await sign({}, {}, await otherKey())}`,
    'a token of a key that there is none of': async () =>
      `Bearer ${await sign({}, { kid: 'x' }, await otherKey())}`,
    'an expired run token': async () => `Bearer ${await runToken(SECRET.secret, -40)}`,
    'a run token of another secret': async () =>
      `Bearer ${await runToken(new Uint8Array(32).fill(2), 60)}`,
    'half a run token': async () => `Bearer ${cut(await runToken(SECRET.secret, 60))}`,
    'more than 8 KiB': () => `Bearer ${'a'.repeat(8193)}`,
  };

  test('is refused in the same bytes, whichever it is, before anything is asked of Temporal', async () => {
    const told = new Set<string>();
    const { made } = await house.calls.during(async () => {
      for (const [what, credential] of Object.entries(HOSTILE)) {
        const shown = knock(await credential());
        const { status, text } = await TRANSPORTS.HTTP(shown, ME);
        expect(`${what}: ${status}`).toBe(`${what}: 401`);
        told.add(text);
        const stream = await fetch(`${house.address}/graphql/stream?query=${ME}`, {
          headers: { ...shown.headers, accept: 'text/event-stream' },
        });
        expect(`${what}: ${stream.status}`).toBe(`${what}: 401`);
        told.add(await stream.text());
        const client = await openSocket(`${house.address.replace('http', 'ws')}/graphql`);
        client.send({ type: 'connection_init', payload: shown.headers });
        expect(`${what}: ${(await client.closed).code}`).toBe(`${what}: 4403`);
      }
    });
    expect(Object.keys(HOSTILE)).toHaveLength(24);
    expect([...told]).toHaveLength(1);
    expect(made).toEqual({});
    expect((await TRANSPORTS.HTTP(bearer(ci.key), ME)).status).toBe(200);
  });

  test('is refused when it comes twice, though either is good', async () => {
    const { host, port } = new URL(house.address);
    const socket = connectTcp(Number(port), '127.0.0.1');
    const one = `Authorization: Bearer ${ci.key}\r\n`;
    socket.write(`GET /graphql?query={me{name}} HTTP/1.1\r\nHost: ${host}\r\n${one}${one}\r\n`);
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(data.toString()).toMatch(/^HTTP\/1.1 401 /);
    socket.destroy();
  });

  test('is one that a proxy shows and is none, alone or beside a good one', async () => {
    for (const headers of [
      { [HEADER]: 'adm' },
      { [HEADER]: 'adm', authorization: `Bearer ${ci.key}` },
      { cookie: `${COOKIE}adm` },
    ])
      expect((await TRANSPORTS.HTTP({ address: house.address, headers }, ME)).status).toBe(401);
    // The proxy itself drops what a client says.
    const headers = { [HEADER]: 'root', cookie: `${COOKIE}adm` };
    const { body } = await TRANSPORTS.HTTP({ address: house.proxy, headers }, ME);
    expect(body).toEqual({ data: { me: { name: 'adm' } } });
    const nobody = await TRANSPORTS.HTTP({ address: house.proxy, headers: { cookie: COOKIE } }, ME);
    expect(nobody.status).toBe(401);
  });

  test('is in no line of the log', () => {
    const said = house.lines.join('');
    for (const { key } of [ci, vic, old, gone]) expect(said).not.toContain(key.slice(-20));
    expect(said).not.toContain('Bearer');
  });

  test('is no reason to fetch keys', async () => {
    const key = await otherKey();
    const before = house.provider.fetches.keys;
    for (let n = 0; n < 300; n++)
      expect(
        (await TRANSPORTS.HTTP(bearer(await sign({}, { kid: `k${n}` }, key)), ME)).status,
      ).toBe(401);
    expect(house.provider.fetches.keys - before).toBeLessThanOrEqual(1);
  });
});

test('clocks may be half a minute apart', async () => {
  expect((await TRANSPORTS.HTTP(bearer(await sign({ exp: seconds() - 15 })), ME)).status).toBe(200);
  expect((await TRANSPORTS.HTTP(bearer(await sign({ iat: seconds() + 15 })), ME)).status).toBe(200);
});

test('somebody to whom the file gives nothing is told so', async () => {
  const { status, body } = await TRANSPORTS.HTTP(bearer(await sign({ tenant: undefined })), ME);
  expect({ status, code: body.errors[0].extensions.code }).toEqual({
    status: 403,
    code: 'FORBIDDEN',
  });
});

test('a token of several tenants asks for a choice', async () => {
  const beta = tenantNamed('beta');
  const token = await sign({ tenant: [acme, beta] });
  const choose = async (tenant?: string) => {
    const headers = { authorization: `Bearer ${token}`, ...(tenant && { 'x-tenant': tenant }) };
    return await TRANSPORTS.HTTP({ address: house.address, headers }, '{ me { tenant } }');
  };
  const open = await choose();
  expect(open.status).toBe(403);
  expect(open.body.errors[0].message).toBe(`Choose a tenant by \`x-tenant\`: ${acme}, ${beta}.`);
  expect((await choose(beta)).body.data.me.tenant).toBe(beta);
  expect((await choose('third')).status).toBe(403);
});

test('no two names become one, whatever is in them', async () => {
  const long = 'n'.repeat(299);
  const subjects = [
    'a:b',
    'a%3A.b',
    'a b',
    `o'neil`,
    'say "hi"',
    `${long}1`,
    `${long}2`,
    '🦊',
    'key ci',
  ];
  const names = new Set<string>();
  for (const sub of subjects) {
    const shown = bearer(await sign({ sub }));
    const { body } = await TRANSPORTS.HTTP(
      shown,
      'mutation { triggerTask(definition: "takeNap", input: { ms: 3600000 }) { ... on TaskRunTriggered { run { id triggeredBy } } } }',
    );
    const { id, triggeredBy } = body.data.triggerTask.run;
    expect((await TRANSPORTS.HTTP(shown, ME)).body.data.me.name).toBe(triggeredBy);
    names.add(triggeredBy);
    await eventually(async () => {
      const found = await TRANSPORTS.HTTP(
        shown,
        'query ($by: String!) { taskRuns(filter: { triggeredBy: { in: [$by] } }) { nodes { id } } }',
        { by: triggeredBy },
      );
      expect(found.body.data.taskRuns.nodes).toEqual([{ id }]);
    });
  }
  expect(names.size).toBe(subjects.length);
  expect(names).not.toContain('key ci');
});

test('while the provider is down its callers go on, and so does everybody else', async () => {
  const token = await house.provider.accessToken('ann');
  await house.provider.down();
  try {
    expect((await TRANSPORTS.HTTP(bearer(token), ME)).body.data.me.name).toBe('ann');
    expect((await TRANSPORTS.HTTP(bearer(ci.key), ME)).status).toBe(200);
    const unknown = await sign({}, { kid: 'new' }, await otherKey());
    expect((await TRANSPORTS.HTTP(bearer(unknown), ME)).status).toBe(401);
  } finally {
    await house.provider.up();
  }
});

/** Writes the file, and waits until it holds. */
const rules = async (file: object): Promise<void> => {
  const before = house.lines.length;
  // It is compared by what it says.
  await house.write({ ...file, revoked: ['key:gone', `key:n${before}`] });
  await eventually(() => expect(house.lines.slice(before).join('')).toContain('has changed'));
};
const saying = async (): Promise<string> => {
  const own = house.service.as({ name: 'ann', tenant: acme });
  return (await own.trigger({ definition: 'sayLines', input: { lines: 400, rate: 10 } })).id;
};
const watch = async (key: string, id: string) => {
  const viewer = new LogClient(id);
  const client = await socketOf(bearer(key));
  const code = follow(client, [viewer]);
  await eventually(() => expect(viewer.lines.length).toBeGreaterThan(3));
  return { viewer, client, code };
};

describe('when the file changes in mid-stream', () => {
  beforeEach(() => rules(FILE));
  test.each([
    ['its key is taken out', { ...FILE, keys: [VIC] }, 401],
    ['its key has another hash', { ...FILE, keys: [VIC, { ...CI, hashes: [old.hash] }] }, 401],
    ['its role is another', { ...FILE, keys: [VIC, { ...CI, roles: ['watcher'] }] }, 200],
  ])('a socket closes when %s, and others stay', async (_, file, status) => {
    const id = await saying();
    const [one, other] = await Promise.all([watch(ci.key, id), watch(vic.key, id)]);
    const before = other.viewer.lines.length;
    await house.write(file);
    expect(await one.code).toBe(4403);
    const closed = one.viewer.lines.length;
    // 10 a second: the file is read within one, and the socket closed within another; and some that were under way.
    expect(other.viewer.lines.length - before).toBeLessThan(30);
    await eventually(() => expect(other.viewer.lines.length).toBeGreaterThan(before + 30));
    expect(one.viewer.lines).toHaveLength(closed);
    other.client.socket.close();
    const again = await TRANSPORTS.HTTP(
      bearer(ci.key),
      `{ taskRun(id: "${id}") { log { cursor } hidden } }`,
    );
    expect(again.status).toBe(status);
    if (status === 200) expect(again.body.data.taskRun).toMatchObject({ log: null });
    await house.service.delete(id);
  });

  test('an event stream is cut without an end', async () => {
    const id = await saying();
    const { body } = await fetch(`${house.address}/graphql/stream`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        ...bearer(ci.key).headers,
      },
      body: JSON.stringify({ query: LOG, variables: { id } }),
    });
    let told = '';
    const reading = (async () => {
      for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) told += chunk;
    })();
    reading.catch(() => undefined);
    await eventually(() => expect(told).toContain('taskRunLog'));
    await house.write({ ...FILE, keys: [VIC] });
    await expect(reading).rejects.toThrow('terminated');
    expect(told).not.toContain('event: complete');
    await house.service.delete(id);
  });

  test('a file that is half written changes nothing, and is told once', async () => {
    const id = await saying();
    const { viewer, client } = await watch(ci.key, id);
    const errors = () => house.lines.filter((line) => line.includes('the rules of before hold'));
    const known = errors().length;
    await house.write(JSON.stringify(FILE).slice(0, 200));
    await eventually(() => expect(errors().length).toBe(known + 1));
    const seen = viewer.lines.length;
    await eventually(() => expect(viewer.lines.length).toBeGreaterThan(seen + 30));
    expect(errors().length).toBe(known + 1);
    expect((await TRANSPORTS.HTTP(bearer(ci.key), ME)).status).toBe(200);
    expect((await TRANSPORTS.HTTP(bearer(gone.key), ME)).status).toBe(401);
    client.socket.close();
    await house.service.delete(id);
  });
});
