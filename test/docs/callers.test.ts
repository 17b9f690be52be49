// The configurations of «Callers» are run as they are written, with an OpenID provider and a gateway on this machine.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startGateway } from '../../src/api/start-gateway.ts';
import { newApiKey } from '../../src/login/api-keys.ts';
import { loadConfig } from '../../src/process/config.ts';
import { openLogin } from '../../src/process/open-login.ts';
import { FakeTasks } from '../../src/testing/fake-tasks.ts';
import { tasks } from '../api/support/app.ts';
import { AUDIENCE, newKey, startProvider } from '../login/support/provider.ts';
import type { ClientClaims } from '../login/support/provider.ts';

const page = await readFile(
  fileURLToPath(new URL('../../docs/callers.md', import.meta.url)),
  'utf8',
);
/** Settings and auth file of a section. */
function sectionOf(title: string): { env: Record<string, string>; file: string } {
  const [, text = ''] = new RegExp(`\n### ${title}\n(.*?)(?:\n###? |$)`, 's').exec(page) ?? [];
  const block = (language: string): string =>
    new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(text)?.[1] ?? '';
  const lines = block('sh').trim().split('\n');
  return {
    env: Object.fromEntries(lines.map((line) => /^(\w+)=(.*)$/.exec(line)?.slice(1) ?? [])),
    file: block('json'),
  };
}

/** A gateway of a section; what only its reader has (provider, proxy, key) is ours. */
async function open(title: string, clients: ClientClaims = { ci: {} }, hash = '') {
  vi.spyOn(console, 'warn').mockReturnValue();
  vi.spyOn(console, 'info').mockReturnValue();
  const folder = await mkdtemp(join(tmpdir(), 'waymark-page-'));
  const { env, file } = sectionOf(title);
  const path = join(folder, 'auth.json');
  await writeFile(path, file.replace(/sha256:A{43}/, hash || '$&'));
  const provider = await startProvider([await newKey('first')], clients);
  const lines: string[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push(line) });
  const config = loadConfig({
    XDG_CONFIG_HOME: '/nonexistent',
    HOME: '/nonexistent',
    HOST: '0.0.0.0',
    ...env,
    WAYMARK_AUTH_FILE: path,
    ...('WAYMARK_OIDC_ISSUER' in env && {
      WAYMARK_OIDC_ISSUER: provider.issuer,
      WAYMARK_OIDC_AUDIENCE: AUDIENCE,
    }),
    ...('WAYMARK_TRUSTED_PROXIES' in env && { WAYMARK_TRUSTED_PROXIES: '127.0.0.1' }),
  });
  expect(config.warnings).toEqual([]);
  const login = await openLogin(config, logger);
  if (config.login.oidc)
    await vi.waitFor(() => expect(lines.join('')).toContain('is there'), 20_000);
  const service = new FakeTasks({ tasks });
  const gateway = await startGateway({
    ...config.gateway,
    service,
    logger: pino({ level: 'silent' }),
    host: '127.0.0.1',
    port: 0,
    authenticate: login.authenticate,
    tokens: login.tokens,
  });
  onTestFinished(async () => {
    await gateway.stop();
    await login.close();
    await provider.down();
    await rm(folder, { recursive: true });
  });
  const ask = async (headers: Record<string, string>, query: string): Promise<any> => {
    const answer = await fetch(`${gateway.address}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
    return { status: answer.status, ...((await answer.json()) as object) };
  };
  const bearer = async (client: string) => ({
    authorization: `Bearer ${await provider.accessToken(client)}`,
  });
  const rights = async (headers: Record<string, string>): Promise<string> => {
    const { status, data } = await ask(headers, '{ me { tenant rights } }');
    return data ? [data.me.tenant, ...data.me.rights].filter(Boolean).join(' ') : String(status);
  };
  return { service, ask, bearer, rights };
}

const VIEWER = 'READ PAYLOADS LOGS OPERATE';
const OPERATOR = 'READ PAYLOADS LOGS TRIGGER ABORT OPERATE';

test('an OpenID provider', async () => {
  const { ask, bearer, rights } = await open('An OpenID provider', {
    ann: { groups: ['everybody', 'tasks-operators'] },
    vic: { groups: ['everybody'] },
    imp: { groups: ['importers'] },
    bob: { groups: ['others'] },
  });
  expect(await rights(await bearer('ann'))).toBe(OPERATOR);
  expect(await rights(await bearer('vic'))).toBe(VIEWER);
  expect(await rights(await bearer('bob'))).toBe('403');
  expect(await rights({})).toBe('401');
  expect((await ask(await bearer('imp'), '{ taskDefinitions { id } }')).data).toEqual({
    taskDefinitions: [{ id: 'importPages' }],
  });
});

test('a CI job, by its whole subject', async () => {
  const subjects = ['repo:acme/shop:ref:refs/heads/main', 'system:serviceaccount:ci:deployer'];
  const others = ['repo:acme/shop:ref:refs/heads/mine', 'repo:acme/shop:pull_request'];
  const all = [...subjects, ...others];
  const { bearer, rights } = await open(
    'A CI job',
    Object.fromEntries(all.map((subject) => [subject, {}])),
  );
  for (const one of subjects) expect(await rights(await bearer(one))).toBe(OPERATOR);
  for (const one of others) expect(await rights(await bearer(one))).toBe('403');
});

test('a browser app', async () => {
  const { key, hash } = newApiKey('shop');
  const { ask, service } = await open('A browser app', undefined, hash);
  const server = { authorization: `Bearer ${key}` };
  const { data } = await ask(
    server,
    'mutation { triggerTask(definition: "testingRun") { ... on TaskRunTriggered { run { id } token { token } } } }',
  );
  const { run, token } = data.triggerTask;
  const other = await service.trigger({ definition: 'testingRun', input: {} });
  const browser = { authorization: `Bearer ${token.token}`, origin: 'https://app.example.com' };
  const seen = await ask(
    browser,
    `{ one: taskRun(id: "${run.id}") { id } other: taskRun(id: "${other.id}") { id } taskRuns { totalCount } }`,
  );
  expect(seen.data).toEqual({ one: run, other: null, taskRuns: { totalCount: 1 } });
});

test('a proxy in front', async () => {
  const { rights } = await open('A proxy in front');
  expect(await rights({ 'x-forwarded-user': 'bob@example.com' })).toBe(VIEWER);
  expect(await rights({ 'x-forwarded-user': 'ann@example.com' })).toBe(
    'READ PAYLOADS LOGS TRIGGER ABORT DELETE OPERATE SETTINGS',
  );
  expect(await rights({})).toBe('401');
});

test('tenants of one company', async () => {
  const { bearer, rights } = await open('Tenants of one company', {
    vic: { tenant: 'acme' },
    ann: { tenant: ['acme', 'beta'], groups: ['tasks-operators'] },
    root: { groups: ['platform'] },
    bob: {},
  });
  const ann = await bearer('ann');
  expect(await rights(await bearer('vic'))).toBe(`acme ${VIEWER}`);
  expect(await rights(ann)).toBe('403');
  expect(await rights({ ...ann, 'x-tenant': 'beta' })).toBe(`beta ${OPERATOR}`);
  expect(await rights(await bearer('root'))).toMatch(/SETTINGS$/);
  expect(await rights({ ...(await bearer('root')), 'x-tenant': 'beta' })).toMatch(
    /^beta .*OPERATE$/,
  );
  expect(await rights(await bearer('bob'))).toBe('403');
});
