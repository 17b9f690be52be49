import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Audit } from '../../src/audit/audit.ts';
import { newApiKey } from '../../src/login/api-keys.ts';
import type { Presented } from '../../src/login/session.ts';
import { ConfigError, loadConfig } from '../../src/process/config.ts';
import { openLogin } from '../../src/process/open-login.ts';
import type { Login } from '../../src/process/open-login.ts';

let folder: string;
let file: string;
const lines: string[] = [];
const audited: object[] = [];
const opened: Login[] = [];
beforeEach(async () => {
  lines.length = 0;
  audited.length = 0;
  folder = await mkdtemp(join(tmpdir(), 'login-'));
  file = join(folder, 'auth.json');
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((login) => login.close()));
  await rm(folder, { recursive: true });
});

const open = async (env: Record<string, string>): Promise<Login> => {
  const logger = pino({}, { write: (line: string) => void lines.push(line) });
  const config = loadConfig({ XDG_CONFIG_HOME: '/nonexistent', HOME: '/nonexistent', ...env });
  const audit = new Audit({ write: (line) => audited.push(JSON.parse(line)) > 0 });
  const login = await openLogin(config, logger, audit);
  opened.push(login);
  return login;
};
const refusal = async (env: Record<string, string>): Promise<string> => {
  try {
    await open(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
};
const from = (more: Partial<Presented>): Presented => ({
  authorization: [],
  headers: {},
  remoteAddress: '127.0.0.1',
  tenant: undefined,
  ...more,
});

describe('without a login', () => {
  test.each(['127.0.0.1', '127.0.0.2', 'localhost', '::1'])(
    'everybody may do everything on %s',
    async (host) => {
      expect((await open({ HOST: host })).authenticate).toBeUndefined();
      expect(lines).toEqual([]);
    },
  );

  test.each(['0.0.0.0', '::', '10.0.0.7', 'gateway', 'localhost.example.com'])(
    'it does not start on %s',
    async (host) => {
      const message = await refusal({ HOST: host });
      expect(message).toContain(`got \`${host}\``);
      expect(message).toContain('WAYMARK_AUTH=none');
    },
  );

  test('it starts anywhere when that was said on purpose, with a warning', async () => {
    const { authenticate } = await open({ HOST: '0.0.0.0', WAYMARK_AUTH: 'none' });
    expect(authenticate).toBeUndefined();
    expect(lines.join('')).toContain('whoever reaches the gateway on 0.0.0.0 may do everything');
  });
});

test('whoever asks is told the rate of activities, and when the file changes it', async () => {
  await writeFile(file, '{ "tenants": {}, "limits": { "activitiesPerSecond": 5 } }');
  const login = await open({ WAYMARK_AUTH_FILE: file });
  const told: (number | null)[] = [];
  login.onActivityRate((perSecond) => told.push(perSecond));
  expect(told).toEqual([5]);
  await writeFile(file, '{ "tenants": {}, "limits": { "activitiesPerSecond": 7.5 } }');
  await expect.poll(() => told, { timeout: 5000 }).toEqual([5, 7.5]);
  await writeFile(file, '{}');
  await expect.poll(() => told, { timeout: 5000 }).toEqual([5, 7.5, null]);
});

describe('what contradicts itself is refused', () => {
  test.each([
    [{ WAYMARK_AUTH: 'yes' }, 'WAYMARK_AUTH: expected `none`, or nothing, got `yes`'],
    [
      { WAYMARK_AUTH: 'none', WAYMARK_ACTOR_HEADER: 'x-user' },
      'WAYMARK_AUTH: expected to be left out, because WAYMARK_ACTOR_HEADER asks for a login, got `none`',
    ],
    [
      { WAYMARK_OIDC_AUDIENCE: 'a' },
      'WAYMARK_OIDC_AUDIENCE: expected WAYMARK_OIDC_ISSUER beside it',
    ],
    [
      { WAYMARK_OIDC_ISSUER: 'https://login.example.com' },
      'WAYMARK_OIDC_ISSUER: expected WAYMARK_OIDC_AUDIENCE beside it\nWAYMARK_OIDC_ISSUER: expected WAYMARK_AUTH_FILE beside it',
    ],
    [
      {
        WAYMARK_OIDC_ISSUER: 'http://login.example.com',
        WAYMARK_OIDC_AUDIENCE: 'a',
        WAYMARK_AUTH_FILE: 'none',
      },
      'WAYMARK_OIDC_ISSUER: expected an https address, or an http one of this machine, got `http://login.example.com`',
    ],
    [
      { WAYMARK_OIDC_ALGORITHMS: 'RS256,HS256' },
      'WAYMARK_OIDC_ALGORITHMS: expected algorithms such as RS256 and ES256, with commas between them, got `RS256,HS256`',
    ],
    [
      { WAYMARK_TOKEN_SECRETS: `a:${'A'.repeat(43)}` },
      'WAYMARK_TOKEN_SECRETS: expected a login, such as WAYMARK_AUTH_FILE, beside it',
    ],
    [
      { WAYMARK_TOKEN_SECRETS: 'a:short' },
      'WAYMARK_TOKEN_SECRETS: expected kid:base64 of 32 bytes or more, with commas between them, got 7 characters',
    ],
    [
      { WAYMARK_TRUSTED_PROXIES: '10.0.0.0/8' },
      'WAYMARK_TRUSTED_PROXIES: expected a login, such as WAYMARK_AUTH_FILE, beside it',
    ],
    [
      { WAYMARK_ACTOR_HEADER: 'x-user', WAYMARK_TRUSTED_PROXIES: '10.0.0.0/40' },
      'WAYMARK_TRUSTED_PROXIES: expected addresses, or ranges such as 10.0.0.0/8, with commas between them, got `10.0.0.0/40`',
    ],
  ])('%j', async (env, message) => {
    expect(await refusal(env as Record<string, string>)).toBe(message);
  });

  test('a file that is not there', async () => {
    expect(await refusal({ WAYMARK_AUTH_FILE: file })).toBe(
      `WAYMARK_AUTH_FILE: expected a file that can be read, got \`${file}\``,
    );
  });

  test('a file with faults, with every one of them', async () => {
    await writeFile(file, '{ "bindings": [{ "roles": ["boss"] }], "key": [] }');
    const [first, ...faults] = (await refusal({ WAYMARK_AUTH_FILE: file })).split('\n');
    expect(first).toBe(`WAYMARK_AUTH_FILE: ${file} cannot be used:`);
    expect(faults.length).toBeGreaterThan(1);
  });
});

describe('a proxy that names the caller', () => {
  test('is believed on this machine alone, and whom it names may do everything', async () => {
    const { authenticate } = await open({ HOST: '0.0.0.0', WAYMARK_ACTOR_HEADER: 'X-User' });
    const ann = { headers: { 'x-user': 'ann' } };
    expect(await authenticate?.(from(ann))).toMatchObject({
      caller: { name: 'ann', grants: [{ can: expect.arrayContaining(['settings']) }] },
      credential: 'PROXY',
    });
    for (const refused of [{ ...ann, remoteAddress: '10.0.0.7' }, {}])
      await expect(authenticate?.(from(refused))).rejects.toMatchObject({ statusCode: 401 });
  });

  test('is believed where that is set, and its callers have what the file says', async () => {
    await writeFile(file, '{ "bindings": [{ "subject": "ann", "roles": ["viewer"] }] }');
    const { authenticate } = await open({
      HOST: '0.0.0.0',
      WAYMARK_ACTOR_HEADER: 'x-user',
      WAYMARK_TRUSTED_PROXIES: '10.0.0.0/8, ::1',
      WAYMARK_AUTH_FILE: file,
    });
    const remoteAddress = '10.0.0.7';
    const named = (name: string) =>
      authenticate?.(from({ headers: { 'x-user': name }, remoteAddress }));
    expect(await named('ann')).toMatchObject({
      caller: { grants: [{ can: ['read', 'payloads', 'logs', 'operate'] }] },
    });
    await expect(named('bob')).rejects.toMatchObject({ statusCode: 403 });
    await expect(authenticate?.(from({ headers: { 'x-user': 'ann' } }))).rejects.toMatchObject({
      statusCode: 401,
    });
  });
});

test('what the file says holds as soon as it says it; while it cannot be read, what it said before', async () => {
  const { key, hash } = newApiKey('ci');
  const keys = [{ id: 'ci', hashes: [hash], roles: ['operator'] }];
  await writeFile(file, JSON.stringify({ keys }));
  const { authenticate } = await open({ HOST: '0.0.0.0', WAYMARK_AUTH_FILE: file });
  const presented = from({ authorization: [`Bearer ${key}`] });
  const session = await authenticate?.(presented);
  const ended = new Promise((resolve) => session?.watch(resolve));
  await writeFile(file, '{ "keys": [');
  while (!lines.some((line) => line.includes('the rules of before hold')))
    await new Promise((resolve) => setTimeout(resolve, 50));
  await expect(authenticate?.(presented)).resolves.toBeDefined();
  await writeFile(file, JSON.stringify({ keys, revoked: ['key:ci'] }));
  expect(await ended).toBe('revoked');
  await expect(authenticate?.(presented)).rejects.toMatchObject({ statusCode: 401 });
  const reload = { 'event.action': 'auth-file-reload', 'event.category': ['configuration'] };
  expect(audited).toMatchObject([
    { ...reload, 'event.outcome': 'failure', 'event.reason': 'unusable' },
    { ...reload, 'event.outcome': 'success' },
  ]);
});
