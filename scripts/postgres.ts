// Runs test files against a Temporal server on PostgreSQL, with the settings of docker-compose.yml and no container:
//   npm run test:postgres [-- test files; without any, those that trigger, abort, log and list]
// Needs PostgreSQL's programs, and Go once: the server is built into .waymark/ (10 minutes of CPU).
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { freePorts } from '../src/local/ports.ts';

// 1.32.2 needs a newer Go than most systems have; the patch releases share schema and settings.
const VERSION = '1.32.1';
const HOST = '127.0.0.1';
const USER = 'temporal';
const MEMBERS = ['frontend', 'history', 'matching', 'worker'] as const;
const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

const PROOF = [
  'test/service/temporal/connect.whole.test.ts',
  'test/service/run/trigger.whole.test.ts',
  'test/service/run/runs.whole.test.ts',
  'test/service/list/run-lists.whole.test.ts',
  'test/faults/abort.whole.test.ts',
  'test/faults/logs.whole.test.ts',
];
const files = process.argv.length > 2 ? process.argv.slice(2) : PROOF;
const programs = await temporalPrograms();
const postgres = await postgresPrograms();
const account = await unprivileged();
const folder = await mkdtemp(join(tmpdir(), 'waymark-postgres-'));
const closers: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
try {
  const ports = await choosePorts();
  await startPostgres(ports.postgres);
  await createSchemas(ports.postgres);
  await startTemporal(ports);
  const address = `${HOST}:${ports.grpc}`;
  await createNamespace(address);
  console.log(`Temporal ${VERSION} on PostgreSQL is up at ${address}`);
  process.exitCode = await runTests(address);
} finally {
  for (const close of closers.toReversed()) await close();
}

async function temporalPrograms(): Promise<{ server: string; sql: string }> {
  const bin = join(root, '.waymark', `temporal-server-${VERSION}`);
  const found = { server: join(bin, 'server'), sql: join(bin, 'sql') };
  if ((await exists(found.server)) && (await exists(found.sql))) return found;
  console.log(`Building the Temporal server ${VERSION} (once, several minutes) …`);
  const packages = ['cmd/server', 'cmd/tools/sql'];
  const go = spawn(
    'go',
    ['install', ...packages.map((name) => `go.temporal.io/server/${name}@v${VERSION}`)],
    { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, GOBIN: bin } },
  );
  if ((await endOf(go)) !== 0)
    throw new Error(
      'Expected Go 1.26 or later to build the Temporal server, but it failed: see above.',
    );
  return found;
}

/** The folder of initdb and postgres: Debian keeps them off PATH. */
async function postgresPrograms(): Promise<string> {
  const folders: string[] = await run('pg_config', ['--bindir']).then(
    ({ stdout }) => [stdout.trim()],
    () => [],
  );
  const debian = '/usr/lib/postgresql';
  const versions = await readdir(debian).catch((): string[] => []);
  folders.push(...versions.map((version) => join(debian, version, 'bin')));
  for (const found of folders) if (await exists(join(found, 'initdb'))) return found;
  throw new Error('Expected PostgreSQL 12 or later to be installed, but found no initdb.');
}

/** PostgreSQL refuses to run as root, so root lends it another account. */
async function unprivileged(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = await readFile('/etc/passwd', 'utf8');
  const [, uid, gid] = /^(?:postgres|nobody):[^:]*:(\d+):(\d+):/m.exec(accounts) ?? [];
  if (uid === undefined || gid === undefined)
    throw new Error('Expected an account `postgres` or `nobody` that can run PostgreSQL.');
  return { uid: Number(uid), gid: Number(gid) };
}

/** The first of a row of free ports: PostgreSQL, then gRPC of each member, then its place in their ring. */
async function choosePorts(): Promise<Ports> {
  for (let attempt = 0; ; attempt += 1) {
    // The ring keeps its ports as smallint: nothing above 32767.
    const first = 20_000 + Math.floor(Math.random() * 10_000);
    const row = Array.from({ length: 1 + 2 * MEMBERS.length }, (_, at) => first + at);
    try {
      await freePorts(
        row.map((port) => ({ variable: 'a port', purpose: 'the server', host: HOST, port })),
      );
      return { postgres: first, grpc: first + 1, ring: first + 1 + MEMBERS.length };
    } catch (error) {
      if (attempt === 20) throw error;
    }
  }
}

interface Ports {
  readonly postgres: number;
  readonly grpc: number;
  readonly ring: number;
}

async function startPostgres(port: number): Promise<void> {
  const data = join(folder, 'data');
  await mkdir(data);
  await chmod(folder, 0o711);
  if (account) await chown(data, account.uid, account.gid);
  await chmod(data, 0o700);
  const options = { ...account, cwd: data, env: { ...process.env, LC_ALL: 'C.UTF-8' } };
  const trust = ['-U', USER, '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8'];
  await run(join(postgres, 'initdb'), ['-D', data, ...trust], options);
  await start('postgresql', 'SIGINT', join(postgres, 'postgres'), {
    args: ['-D', data, '-p', String(port), '-c', `listen_addresses=${HOST}`, '-k', data],
    options,
    ready: () => run(join(postgres, 'pg_isready'), ['-h', HOST, '-p', String(port)]),
  });
}

async function createSchemas(port: number): Promise<void> {
  const common = [
    '--plugin',
    'postgres12',
    '--ep',
    HOST,
    '-p',
    String(port),
    '-u',
    USER,
    '--pw',
    USER,
  ];
  for (const [database, schema] of [
    ['temporal', 'temporal'],
    ['temporal_visibility', 'visibility'],
  ] as const)
    for (const command of [
      ['create'],
      ['setup-schema', '-v', '0.0'],
      ['update-schema', '--schema-name', `postgresql/v12/${schema}`],
    ])
      await run(programs.sql, [...common, '--db', database, ...command]);
}

async function startTemporal(ports: Ports): Promise<void> {
  const env = {
    ...process.env,
    DB: 'postgres12',
    DB_PORT: String(ports.postgres),
    POSTGRES_SEEDS: HOST,
    POSTGRES_USER: USER,
    POSTGRES_PWD: USER,
    BIND_ON_IP: HOST,
    TEMPORAL_BROADCAST_ADDRESS: HOST,
    NUM_HISTORY_SHARDS: '4',
    DYNAMIC_CONFIG_FILE_PATH: join(root, 'deploy', 'dynamic.yaml'),
    LOG_LEVEL: 'warn',
    ...Object.fromEntries<string>(
      MEMBERS.flatMap((name, at) => [
        [`${name.toUpperCase()}_GRPC_PORT`, String(ports.grpc + at)],
        [`${name.toUpperCase()}_MEMBERSHIP_PORT`, String(ports.ring + at)],
      ]),
    ),
  };
  await start('temporal', 'SIGTERM', programs.server, {
    args: ['--allow-no-auth', 'start'],
    options: { env, cwd: folder },
    ready: () =>
      withConnection(`${HOST}:${ports.grpc}`, (connection) =>
        connection.workflowService.getSystemInfo({}),
      ),
  });
}

async function createNamespace(address: string): Promise<void> {
  await withConnection(address, async ({ workflowService, operatorService }) => {
    const namespace = 'default';
    await workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('72 h'),
    });
    // The server caches namespaces: a new one is known everywhere only after some seconds.
    await eventually(() => operatorService.listSearchAttributes({ namespace }));
  });
}

async function runTests(address: string): Promise<number> {
  const vitest = spawn(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'whole', ...files],
    { cwd: root, stdio: 'inherit', env: { ...process.env, TEST_TEMPORAL_ADDRESS: address } },
  );
  return endOf(vitest);
}

interface Program {
  readonly args: readonly string[];
  readonly options: {
    readonly env: NodeJS.ProcessEnv;
    readonly cwd: string;
    readonly uid?: number;
    readonly gid?: number;
  };
  readonly ready: () => Promise<unknown>;
}

/** Starts a program and notes down how to stop it. Resolves when it is ready. */
async function start(
  name: string,
  signal: NodeJS.Signals,
  command: string,
  { args, options, ready }: Program,
) {
  const logFile = join(folder, `${name}.log`);
  const log = await open(logFile, 'a');
  const child = spawn(command, args, { ...options, stdio: ['ignore', log.fd, log.fd] });
  const ended = endOf(child);
  await log.close();
  closers.push(async () => {
    child.kill(signal);
    await Promise.race([ended, sleep(20_000, undefined, { ref: false })]);
    child.kill('SIGKILL');
    await ended;
  });
  const failed = await Promise.race([ended.then(() => true), eventually(ready).then(() => false)]);
  if (failed) throw new Error(`${name} ended:\n${(await readFile(logFile, 'utf8')).slice(-2_000)}`);
}

async function withConnection<R>(
  address: string,
  ask: (connection: Connection) => Promise<R>,
): Promise<R> {
  const connection = await Connection.connect({ address, connectTimeout: 1_000 });
  try {
    return await ask(connection);
  } finally {
    await connection.close();
  }
}

async function eventually(action: () => Promise<unknown>): Promise<void> {
  for (const deadline = Date.now() + 60_000; ; await sleep(200))
    try {
      await action();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
}

async function endOf(child: ChildProcess): Promise<number> {
  await once(child, 'exit');
  return child.exitCode ?? 1;
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
