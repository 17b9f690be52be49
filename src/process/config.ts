import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { z } from 'zod';

/** Everything that can be set from outside, read and checked once. */
export interface Config {
  /** Where the gateway listens. */
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly logLevel: LogLevel;
  readonly taskQueue: string;
  /** Absolute. What tasks may read and write. */
  readonly dataDir: string;
  /** Absolute. What belongs to this installation: the Temporal CLI, the database of the local server, its log. */
  readonly stateDir: string;
  readonly temporal: TemporalConfig;
  readonly local: LocalConfig;
  /** Signs cursors; gateways of one namespace must share it. Unset: made from the namespace's name. */
  readonly cursorSecret: string | undefined;
  /** Absolute. Keys that what runs carry is encrypted with. Unset: it is not. */
  readonly encryptionKeysFile: string | undefined;
  /** Visibility calls a second that this process may make. Unset: what suits Temporal's defaults. */
  readonly visibilityRate: number | undefined;
  /** The gateway shows and stops whatever runs in the namespace, not only task runs. */
  readonly wholeNamespace: boolean;
  /** Absolute. Workflow bundle made ahead of time. Unset: the worker bundles when it starts. */
  readonly workflowBundle: string | undefined;
  /** Address of Temporal Web UI, without a slash at its end: runs link to their page there. */
  readonly temporalUi: string | undefined;
  /** Where people reach the gateway: runs in Temporal Web UI link back to its page. */
  readonly publicUrl: string | undefined;
  /** Whom the gateway answers, and how much it tells. */
  readonly gateway: GatewayConfig;
  readonly login: LoginConfig;
  /** Who does what, and who is refused, is told on the standard output. */
  readonly audit: boolean;
  /** `npm start` or the like is our parent. */
  readonly startedByNpm: boolean;
  /** What is odd but no reason to stop, such as a setting that does not exist. One sentence each. */
  readonly warnings: readonly string[];
}

export interface GatewayConfig {
  /** Names by which it may be reached, beside those of its machine; lower case, without ports. */
  readonly hosts: 'any' | readonly string[];
  /** Of pages that may use it, beside those of its own host. */
  readonly origins: readonly string[];
  readonly graphiql: boolean;
  readonly introspection: boolean;
  readonly suggestions: boolean;
}

/** How the gateway knows its callers. With nothing of it set, it knows none. */
export interface LoginConfig {
  /** It was said that nobody logs in, wherever the gateway listens. */
  readonly none: boolean;
  /** Absolute. Roles, who has which, API keys, and what is revoked. */
  readonly file: string | undefined;
  readonly oidc:
    | {
        readonly issuer: string;
        readonly audience: string;
        readonly algorithms: readonly string[];
      }
    | undefined;
  /** The claim of the provider's tokens that is shown as a caller's name. */
  readonly nameClaim: string;
  /** Of run tokens: the first signs, all verify. */
  readonly tokenSecrets: readonly TokenSecretConfig[];
  readonly proxy:
    | {
        /** Request header, lower case, in which it names the caller. */
        readonly header: string;
        /** Addresses and ranges of them that are believed. */
        readonly trusted: readonly string[];
      }
    | undefined;
  /** Addresses and ranges of proxies that are believed when they say where a request comes from. */
  readonly proxies: readonly string[];
}

export interface TokenSecretConfig {
  readonly kid: string;
  readonly secret: Uint8Array;
}

export interface TemporalConfig {
  /** `host:port`. */
  readonly address: string;
  readonly namespace: string;
  /** Address, TLS, API key and metadata, as both the client's and the worker's connection take them. */
  readonly connection: ConnectionConfig;
  /** An address was given, by `TEMPORAL_ADDRESS` or a profile: nothing is to be started on this machine. */
  readonly external: boolean;
}
export type ConnectionConfig = Pick<NativeConnectionOptions, 'tls' | 'apiKey' | 'metadata'> & {
  readonly address: string;
};

export interface LocalConfig {
  /** 0 takes any free one. */
  readonly temporalPort: number;
  /** 0 takes any free one. */
  readonly temporalUiPort: number;
  /** Command to use instead of looking for one. */
  readonly temporalCli: string | undefined;
  /** Where commands are looked for, as the system writes it. */
  readonly path: string;
  /** Days that the local server keeps closed runs, from its first start on. */
  readonly retentionDays: number;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A setting that cannot be used; the message names each variable, what was expected and what came. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the configuration. Throws `ConfigError` with everything that is wrong, not only the first. */
export function loadConfig(env: Environment = process.env): Config {
  // An empty variable counts as unset: compose files and shells cannot leave one out.
  const given = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => Boolean(entry[1])),
  );
  const { data, error } = SETTINGS.safeParse(given);
  if (error)
    throw new ConfigError(error.issues.map((issue) => toSentence(issue, given)).join('\n'));
  const contradictions = contradictionsIn(data);
  if (contradictions.length > 0) throw new ConfigError(contradictions.join('\n'));
  return {
    host: data.HOST,
    port: data.PORT,
    logLevel: data.WAYMARK_LOG_LEVEL,
    taskQueue: data.WAYMARK_TASK_QUEUE,
    dataDir: resolve(data.WAYMARK_DATA_DIR),
    stateDir: resolve(data.WAYMARK_STATE_DIR),
    temporal: toTemporal(given, data.TEMPORAL_PORT),
    local: {
      temporalPort: data.TEMPORAL_PORT,
      temporalUiPort: data.TEMPORAL_UI_PORT,
      temporalCli: data.TEMPORAL_CLI,
      path: data.PATH,
      retentionDays: data.WAYMARK_RETENTION_DAYS,
    },
    cursorSecret: data.WAYMARK_CURSOR_SECRET,
    encryptionKeysFile:
      data.WAYMARK_ENCRYPTION_KEYS_FILE && resolve(data.WAYMARK_ENCRYPTION_KEYS_FILE),
    visibilityRate: data.WAYMARK_VISIBILITY_RATE,
    wholeNamespace: data.WAYMARK_WHOLE_NAMESPACE,
    workflowBundle: data.WAYMARK_WORKFLOW_BUNDLE && resolve(data.WAYMARK_WORKFLOW_BUNDLE),
    temporalUi: data.WAYMARK_TEMPORAL_UI,
    publicUrl: data.WAYMARK_PUBLIC_URL,
    gateway: {
      hosts: toHosts(data),
      // Behind a proxy that changes the host name, its own pages come from there.
      origins: [
        ...(data.WAYMARK_PUBLIC_URL === undefined ? [] : [new URL(data.WAYMARK_PUBLIC_URL).origin]),
        ...data.WAYMARK_ORIGINS,
      ],
      graphiql: data.WAYMARK_GRAPHIQL,
      introspection: data.WAYMARK_INTROSPECTION,
      suggestions: data.WAYMARK_SUGGESTIONS,
    },
    login: toLogin(data),
    audit:
      data.WAYMARK_AUDIT ?? (data.WAYMARK_AUTH_FILE ?? data.WAYMARK_ACTOR_HEADER) !== undefined,
    startedByNpm: data.npm_lifecycle_event !== undefined,
    warnings: Object.keys(given)
      .filter((name) => name.startsWith('WAYMARK_') && !(name in SETTINGS.shape))
      .map((name) => `${name} is not a setting of Waymark and has no effect`),
  };
}

const integer = (from: number, to: number) =>
  z
    .string()
    .refine((text) => /^\d{1,9}$/.test(text) && Number(text) >= from && Number(text) <= to, {
      error: `an integer from ${from} to ${to}`,
    })
    .transform(Number);
const port = (standard: number) => integer(0, 65_535).default(standard);
const text = (pattern: RegExp, expected: string) => z.string().regex(pattern, { error: expected });

const webAddress = () =>
  z
    .url({ protocol: /^https?$/, error: 'an http or https address' })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional();

const list = (isItem: (item: string) => boolean, expected: string) =>
  z
    .string()
    .default('')
    .transform((items) => items.split(',').flatMap((item) => item.trim().toLowerCase() || []))
    .refine((items) => items.every(isItem), {
      error: `${expected}, with commas between them`,
    });
const isHost = (item: string): boolean => isIP(item) !== 0 || /^(?:\*|[\w.-]+)$/.test(item);
const isOrigin = (item: string): boolean =>
  /^https?:/.test(item) && URL.canParse(item) && new URL(item).origin === item;

const isRange = (item: string): boolean => {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(item) ?? [];
  const version = isIP(address);
  return version !== 0 && Number(bits ?? 0) <= (version === 4 ? 32 : 128);
};

const onOff = () =>
  text(/^(?:true|false|1|0)$/i, 'true or false')
    .default('true')
    .transform(isOn);
const isOn = (value: string): boolean => /^(?:true|1)$/i.test(value);

const SETTINGS = z.object({
  HOST: text(/^[\w.:%-]+$/, 'a host name or an IP address').default('127.0.0.1'),
  PORT: port(4000),
  TEMPORAL_PORT: port(7233),
  TEMPORAL_UI_PORT: port(8233),
  TEMPORAL_CLI: z.string().optional(),
  // Read by Temporal's own library, which takes a missing file for none and any word for «no TLS».
  TEMPORAL_CONFIG_FILE: z.string().refine(existsSync, { error: 'a file that exists' }).optional(),
  TEMPORAL_TLS: text(/^(?:true|false|1|0)$/i, 'true or false').optional(),
  TEMPORAL_ADDRESS: text(/^[^\s/:]+:\d{1,5}$|^\[[\da-f:]+\]:\d{1,5}$/i, 'host:port').optional(),
  PATH: z.string().default(''),
  npm_lifecycle_event: z.string().optional(),
  WAYMARK_TASK_QUEUE: text(/^[^\p{Cc}]{1,200}$/u, 'a name of at most 200 characters').default(
    'waymark',
  ),
  WAYMARK_DATA_DIR: z.string().default('data'),
  WAYMARK_STATE_DIR: z.string().default('.waymark'),
  WAYMARK_LOG_LEVEL: z
    .enum(LOG_LEVELS, { error: `one of ${LOG_LEVELS.join(', ')}` })
    .default('info'),
  WAYMARK_CURSOR_SECRET: z.string().min(16, { error: 'at least 16 characters' }).optional(),
  WAYMARK_ENCRYPTION_KEYS_FILE: z.string().optional(),
  WAYMARK_AUTH: z.literal('none', { error: '`none`, or nothing' }).optional(),
  WAYMARK_AUTH_FILE: z.string().optional(),
  WAYMARK_OIDC_ISSUER: z.url({ protocol: /^https?$/, error: 'an https address' }).optional(),
  WAYMARK_OIDC_AUDIENCE: z.string().optional(),
  WAYMARK_OIDC_ALGORITHMS: text(
    // What is signed with a shared secret can be forged by whoever has the provider's public key.
    /^(?:(?:(?:RS|PS|ES)(?:256|384|512)|EdDSA)(?:,(?!$)|$))+$/,
    'algorithms such as RS256 and ES256, with commas between them',
  ).default('RS256,PS256,ES256,EdDSA'),
  WAYMARK_OIDC_NAME_CLAIM: z.string().default('sub'),
  WAYMARK_TOKEN_SECRETS: text(
    /^(?:[\w.-]{1,40}:[A-Za-z0-9+/_-]{43,}={0,2}(?:,(?!$)|$))+$/,
    'kid:base64 of 32 bytes or more, with commas between them',
  ).optional(),
  WAYMARK_ACTOR_HEADER: text(/^[!#$%&'*+.^_`|~\w-]{1,100}$/, 'the name of a request header')
    .toLowerCase()
    .optional(),
  WAYMARK_TRUSTED_PROXIES: list(isRange, 'addresses, or ranges such as 10.0.0.0/8'),
  // Unset: when there is a login.
  WAYMARK_AUDIT: text(/^(?:true|false|1|0)$/i, 'true or false')
    .transform(isOn)
    .optional(),
  WAYMARK_VISIBILITY_RATE: integer(1, 10_000).optional(),
  WAYMARK_WHOLE_NAMESPACE: text(/^(?:true|false|1|0)$/i, 'true or false')
    .default('false')
    .transform((word) => /^(?:true|1)$/i.test(word)),
  WAYMARK_WORKFLOW_BUNDLE: z
    .string()
    .refine(existsSync, { error: 'a file that exists' })
    .optional(),
  WAYMARK_TEMPORAL_UI: webAddress(),
  WAYMARK_PUBLIC_URL: webAddress(),
  WAYMARK_ALLOWED_HOSTS: list(isHost, 'host names without ports, or *'),
  WAYMARK_ORIGINS: list(isOrigin, 'origins of pages such as https://app.example.com'),
  WAYMARK_GRAPHIQL: onOff(),
  WAYMARK_INTROSPECTION: onOff(),
  WAYMARK_SUGGESTIONS: onOff(),
  WAYMARK_RETENTION_DAYS: integer(1, 3650).default(30),
});

const needs = (name: string, value: unknown, other: string, there: unknown): readonly string[] =>
  value === undefined || there !== undefined ? [] : [`${name}: expected ${other} beside it`];

/** What one setting needs of another, or excludes. */
function contradictionsIn(data: z.output<typeof SETTINGS>): readonly string[] {
  const { WAYMARK_AUTH, WAYMARK_AUTH_FILE, WAYMARK_ACTOR_HEADER, WAYMARK_TRUSTED_PROXIES } = data;
  const { WAYMARK_OIDC_ISSUER, WAYMARK_OIDC_AUDIENCE, WAYMARK_TOKEN_SECRETS } = data;
  const logins = { WAYMARK_AUTH_FILE, WAYMARK_OIDC_ISSUER, WAYMARK_ACTOR_HEADER };
  const [login] = Object.entries(logins).find(([, value]) => value !== undefined) ?? [];
  return [
    ...needs(
      'WAYMARK_OIDC_ISSUER',
      WAYMARK_OIDC_ISSUER,
      'WAYMARK_OIDC_AUDIENCE',
      WAYMARK_OIDC_AUDIENCE,
    ),
    ...needs(
      'WAYMARK_OIDC_AUDIENCE',
      WAYMARK_OIDC_AUDIENCE,
      'WAYMARK_OIDC_ISSUER',
      WAYMARK_OIDC_ISSUER,
    ),
    // A token of the provider says who somebody is, and the file what that gives.
    ...needs('WAYMARK_OIDC_ISSUER', WAYMARK_OIDC_ISSUER, 'WAYMARK_AUTH_FILE', WAYMARK_AUTH_FILE),
    ...needs(
      'WAYMARK_TOKEN_SECRETS',
      WAYMARK_TOKEN_SECRETS,
      'a login, such as WAYMARK_AUTH_FILE,',
      login,
    ),
    ...needs(
      'WAYMARK_TRUSTED_PROXIES',
      WAYMARK_TRUSTED_PROXIES[0],
      'a login, such as WAYMARK_AUTH_FILE,',
      login,
    ),
    ...(WAYMARK_AUTH === 'none' && login !== undefined
      ? [`WAYMARK_AUTH: expected to be left out, because ${login} asks for a login, got \`none\``]
      : []),
  ];
}

/** The names that are in the settings anyway, and those that are given for it. */
function toHosts({
  HOST,
  WAYMARK_PUBLIC_URL,
  WAYMARK_ALLOWED_HOSTS,
}: z.output<typeof SETTINGS>): GatewayConfig['hosts'] {
  if (WAYMARK_ALLOWED_HOSTS.includes('*')) return 'any';
  return [
    ...(WAYMARK_PUBLIC_URL === undefined
      ? []
      : [new URL(WAYMARK_PUBLIC_URL).hostname.replace(/^\[|\]$/g, '')]),
    ...(isIP(HOST) === 0 ? [HOST.toLowerCase()] : []),
    ...WAYMARK_ALLOWED_HOSTS,
  ];
}

function toLogin(data: z.output<typeof SETTINGS>): LoginConfig {
  const { WAYMARK_OIDC_ISSUER: issuer, WAYMARK_OIDC_AUDIENCE: audience } = data;
  const { WAYMARK_AUTH_FILE: file, WAYMARK_ACTOR_HEADER: header } = data;
  const given = data.WAYMARK_TRUSTED_PROXIES;
  const trusted = header !== undefined && given.length === 0 ? ['127.0.0.0/8', '::1'] : given;
  return {
    none: data.WAYMARK_AUTH === 'none',
    file: file === undefined ? undefined : resolve(file),
    oidc:
      issuer === undefined || audience === undefined
        ? undefined
        : {
            issuer,
            audience,
            algorithms: data.WAYMARK_OIDC_ALGORITHMS.split(','),
          },
    nameClaim: data.WAYMARK_OIDC_NAME_CLAIM,
    tokenSecrets: (data.WAYMARK_TOKEN_SECRETS ?? '').split(',').flatMap((item) => {
      const [kid, secret] = item.split(':');
      return kid && secret ? { kid, secret: Buffer.from(secret, 'base64') } : [];
    }),
    proxy: header === undefined ? undefined : { header, trusted },
    proxies: trusted,
  };
}

const SECRET = new Set(['WAYMARK_CURSOR_SECRET', 'WAYMARK_TOKEN_SECRETS', 'TEMPORAL_API_KEY']);

function toSentence(issue: z.core.$ZodIssue, given: Environment): string {
  const name = issue.path.join('.');
  const got = SECRET.has(name) ? `${given[name]?.length ?? 0} characters` : `\`${given[name]}\``;
  return `${name}: expected ${issue.message}, got ${got}`;
}

/** What Temporal's own variables and its `temporal.toml` say; else the server that `npm start` runs. */
function toTemporal(given: Readonly<Record<string, string>>, localPort: number): TemporalConfig {
  const { connectionOptions, namespace = 'default' } = readProfile(given);
  const { address = `127.0.0.1:${localPort}`, tls, apiKey, metadata } = connectionOptions;
  return {
    address,
    namespace,
    connection: {
      address,
      ...(tls !== undefined && tls !== null && { tls }),
      ...(apiKey !== undefined && { apiKey }),
      ...(metadata !== undefined && { metadata }),
    },
    external: connectionOptions.address !== undefined,
  };
}

function readProfile(given: Readonly<Record<string, string>>) {
  try {
    return loadClientConnectConfig({ overrideEnvVars: { ...given } });
  } catch (error) {
    throw new ConfigError(
      `TEMPORAL_* and temporal.toml: expected a profile that can be read, got: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}
