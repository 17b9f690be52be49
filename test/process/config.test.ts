import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ConfigError, loadConfig } from '../../src/process/config.ts';

// Keeps a temporal.toml of whoever runs the tests out of them.
const NO_PROFILE = { XDG_CONFIG_HOME: '/nonexistent', HOME: '/nonexistent' };
const load = (env: Record<string, string> = {}) => loadConfig({ ...NO_PROFILE, ...env });
const refusal = (env: Record<string, string>): string => {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
};

describe('without any variable', () => {
  test('everything has a value that works on one machine', () => {
    expect(load()).toEqual({
      host: '127.0.0.1',
      port: 4000,
      logLevel: 'info',
      taskQueue: 'waymark',
      dataDir: resolve('data'),
      stateDir: resolve('.waymark'),
      temporal: {
        address: '127.0.0.1:7233',
        namespace: 'default',
        connection: { address: '127.0.0.1:7233' },
        external: false,
      },
      local: {
        temporalPort: 7233,
        temporalUiPort: 8233,
        temporalCli: undefined,
        path: '',
        retentionDays: 30,
      },
      cursorSecret: undefined,
      encryptionKeysFile: undefined,
      login: { none: false, nameClaim: 'sub', proxies: [], tokenSecrets: [] },
      audit: false,
      visibilityRate: undefined,
      wholeNamespace: false,
      workflowBundle: undefined,
      temporalUi: undefined,
      gateway: {
        hosts: [],
        origins: [],
        graphiql: true,
        introspection: true,
        suggestions: true,
      },
      startedByNpm: false,
      warnings: [],
    });
  });

  test('an empty variable counts as unset', () => {
    expect(load({ PORT: '', TEMPORAL_ADDRESS: '', WAYMARK_DATA_DIR: '' })).toEqual(load());
  });
});

describe('an error names the variable, what was expected and what came', () => {
  test.each([
    ['PORT', 'abc', 'PORT: expected an integer from 0 to 65535, got `abc`'],
    ['PORT', '65536', 'PORT: expected an integer from 0 to 65535, got `65536`'],
    [
      'WAYMARK_ALLOWED_HOSTS',
      'a.example.com,https://b.example.com',
      'WAYMARK_ALLOWED_HOSTS: expected host names without ports, or *, with commas between them, got `a.example.com,https://b.example.com`',
    ],
    [
      'WAYMARK_ORIGINS',
      'https://app.example.com/',
      'WAYMARK_ORIGINS: expected origins of pages such as https://app.example.com, with commas between them, got `https://app.example.com/`',
    ],
    ['WAYMARK_GRAPHIQL', 'off', 'WAYMARK_GRAPHIQL: expected true or false, got `off`'],
    ['PORT', '-1', 'PORT: expected an integer from 0 to 65535, got `-1`'],
    ['PORT', '0x10', 'PORT: expected an integer from 0 to 65535, got `0x10`'],
    ['TEMPORAL_UI_PORT', '8.5', 'TEMPORAL_UI_PORT: expected an integer from 0 to 65535, got `8.5`'],
    ['HOST', 'a b', 'HOST: expected a host name or an IP address, got `a b`'],
    [
      'TEMPORAL_ADDRESS',
      'http://temporal:7233',
      'TEMPORAL_ADDRESS: expected host:port, got `http://temporal:7233`',
    ],
    [
      'WAYMARK_WHOLE_NAMESPACE',
      'yes',
      'WAYMARK_WHOLE_NAMESPACE: expected true or false, got `yes`',
    ],
    ['TEMPORAL_TLS', 'yes', 'TEMPORAL_TLS: expected true or false, got `yes`'],
    [
      'TEMPORAL_CONFIG_FILE',
      '/no/such.toml',
      'TEMPORAL_CONFIG_FILE: expected a file that exists, got `/no/such.toml`',
    ],
    [
      'WAYMARK_LOG_LEVEL',
      'loud',
      'WAYMARK_LOG_LEVEL: expected one of trace, debug, info, warn, error, fatal, silent, got `loud`',
    ],
    [
      'WAYMARK_ACTOR_HEADER',
      'x user',
      'WAYMARK_ACTOR_HEADER: expected the name of a request header, got `x user`',
    ],
    [
      'WAYMARK_TEMPORAL_UI',
      'ftp://ui',
      'WAYMARK_TEMPORAL_UI: expected an http or https address, got `ftp://ui`',
    ],
    [
      'WAYMARK_CURSOR_SECRET',
      'short',
      'WAYMARK_CURSOR_SECRET: expected at least 16 characters, got 5 characters',
    ],
  ])('%s=%s', (name, value, message) => {
    expect(refusal({ [name]: value })).toBe(message);
  });

  test('all of them at once', () => {
    expect(refusal({ PORT: 'a', TEMPORAL_PORT: 'b' }).split('\n')).toHaveLength(2);
  });

  test('a profile that does not exist', () => {
    expect(refusal({ TEMPORAL_PROFILE: 'nope' })).toContain("Profile 'nope' not found");
  });
});

describe('Temporal elsewhere', () => {
  test('TEMPORAL_ADDRESS means that nothing is started here', () => {
    expect(
      load({ TEMPORAL_ADDRESS: 'temporal:7233', TEMPORAL_NAMESPACE: 'tasks' }).temporal,
    ).toEqual({
      address: 'temporal:7233',
      namespace: 'tasks',
      connection: { address: 'temporal:7233' },
      external: true,
    });
  });

  test('an API key switches TLS on', () => {
    const { connection } = load({ TEMPORAL_ADDRESS: 'a:7233', TEMPORAL_API_KEY: 'key' }).temporal;
    expect(connection).toEqual({ address: 'a:7233', apiKey: 'key', tls: true });
  });

  test('a profile of a temporal.toml gives address, namespace and metadata, and a variable wins over it', () => {
    const file = fileURLToPath(new URL('../local/temporal.toml', import.meta.url));
    const env = { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'cloud' };
    expect(load(env).temporal).toEqual({
      address: 'cloud.example:7233',
      namespace: 'tasks.prod',
      connection: {
        address: 'cloud.example:7233',
        apiKey: 'not-a-key',
        tls: true,
        metadata: { team: 'tasks' },
      },
      external: true,
    });
    expect(load({ ...env, TEMPORAL_ADDRESS: 'other:1' }).temporal.address).toBe('other:1');
  });

  test('the port of the local server is where gateway and worker look for it', () => {
    expect(load({ TEMPORAL_PORT: '17233' }).temporal).toMatchObject({
      address: '127.0.0.1:17233',
      external: false,
    });
  });
});

test('header names are compared in lower case, addresses without a slash at their end', () => {
  const env = { WAYMARK_ACTOR_HEADER: 'X-Forwarded-User', WAYMARK_TEMPORAL_UI: 'https://ui/x/' };
  expect(load(env)).toMatchObject({
    login: { proxy: { header: 'x-forwarded-user' } },
    temporalUi: 'https://ui/x',
  });
});

test('the audit is on where there is a login, unless that is said otherwise', () => {
  const proxy = { WAYMARK_ACTOR_HEADER: 'x-user' };
  expect(load({ WAYMARK_AUTH_FILE: 'auth.json' }).audit).toBe(true);
  expect(load(proxy).audit).toBe(true);
  expect(load({ ...proxy, WAYMARK_AUDIT: 'false' }).audit).toBe(false);
  expect(load({ WAYMARK_AUDIT: 'true' }).audit).toBe(true);
  expect(refusal({ WAYMARK_AUDIT: 'stdout' })).toContain('WAYMARK_AUDIT: expected true or false');
});

test('a misspelt setting is told', () => {
  expect(load({ WAYMARK_TASKQUEUE: 'x' }).warnings).toEqual([
    'WAYMARK_TASKQUEUE is not a setting of Waymark and has no effect',
  ]);
});

describe('whom the gateway answers', () => {
  test('is told by the names that it has anyway, and by those that are given', () => {
    expect(
      load({
        HOST: 'Tasks.internal',
        WAYMARK_PUBLIC_URL: 'https://tasks.example.com:8443/waymark',
        WAYMARK_ALLOWED_HOSTS: 'gateway, 10.0.0.7,::1,',
      }).gateway.hosts,
    ).toEqual(['tasks.example.com', 'tasks.internal', 'gateway', '10.0.0.7', '::1']);
    expect(load({ HOST: '0.0.0.0' }).gateway.hosts).toEqual([]);
    expect(load({ WAYMARK_PUBLIC_URL: 'http://[::1]:4000' }).gateway.hosts).toEqual(['::1']);
  });

  test('is everybody only when that is said', () => {
    expect(load({ WAYMARK_ALLOWED_HOSTS: 'gateway,*' }).gateway.hosts).toBe('any');
  });

  test('is the page at its public address, and those that are given', () => {
    expect(
      load({
        WAYMARK_PUBLIC_URL: 'https://tasks.example.com/waymark',
        WAYMARK_ORIGINS: 'https://App.example.com,http://localhost:5173',
      }).gateway.origins,
    ).toEqual(['https://tasks.example.com', 'https://app.example.com', 'http://localhost:5173']);
    expect(refusal({ WAYMARK_ORIGINS: '*' })).toContain('expected origins of pages');
  });
});

test('what the gateway tells of itself can be switched off', () => {
  expect(
    load({
      WAYMARK_GRAPHIQL: 'false',
      WAYMARK_INTROSPECTION: '0',
      WAYMARK_SUGGESTIONS: 'False',
    }).gateway,
  ).toMatchObject({ graphiql: false, introspection: false, suggestions: false });
});

test('every setting is used by something beside the file that reads it', async () => {
  const src = fileURLToPath(new URL('../../src', import.meta.url));
  const files = (await readdir(src, { recursive: true })).filter(
    (file) => file.endsWith('.ts') && file !== join('process', 'config.ts'),
  );
  const texts = await Promise.all(files.map((file) => readFile(join(src, file), 'utf8')));
  const isUsed = (name: string): boolean =>
    texts.some((text) => new RegExp(`\\b${name}\\b`).test(text));
  const { temporal, local, login, gateway, ...rest } = load();
  const names = [rest, temporal, local, login, gateway].flatMap((part) => Object.keys(part));
  expect(names.length).toBeGreaterThan(30);
  expect(names.filter((name) => !isUsed(name))).toEqual([]);
});
