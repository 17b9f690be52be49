// The code of «From a browser app» is compiled, and run against gateways that stop.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { createServer } from 'vite';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import {
  type RunningGateway,
  startGateway,
  type StartGatewayOptions,
} from '../../src/api/start-gateway.ts';
import { parseAuthFile } from '../../src/login/auth-file.ts';
import { AuthRules } from '../../src/login/auth-rules.ts';
import { Authenticator } from '../../src/login/authenticator.ts';
import { RunTokens } from '../../src/login/run-tokens.ts';
import { FakeTasks } from '../../src/testing/fake-tasks.ts';
import { tasks } from '../api/support/app.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const project = join(ROOT, `.waymark/test/frontend-${randomUUID()}`);
const page = await readFile(join(ROOT, 'docs/frontend.md'), 'utf8');
const files = [...page.matchAll(/```tsx?\n\/\/ ([\w.-]+)\n(.*?)```/gs)];
const load = (name: string) => import(pathToFileURL(join(project, name)).href);

beforeAll(async () => {
  await mkdir(project, { recursive: true });
  for (const [, name = '', text = ''] of files) await writeFile(join(project, name), text);
  const config = {
    extends: '../../../tsconfig.json',
    compilerOptions: {
      lib: ['ES2023', 'DOM', 'DOM.Iterable'],
      jsx: 'react-jsx',
      exactOptionalPropertyTypes: false,
      paths: {
        '@waymark/client': ['../../../packages/client/src/index.ts'],
        '@waymark/client/react': ['../../../packages/client/src/react/react-door.ts'],
      },
    },
    include: ['.'],
  };
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(config));
  // As a browser has it; Node 20 does not.
  if (!('WebSocket' in globalThis)) Object.assign(globalThis, { WebSocket });
});
afterAll(() => rm(project, { recursive: true }));

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function startedRun() {
  const service = new FakeTasks({ tasks });
  const { id } = await service.trigger({ definition: 'testingRun', input: {} });
  service.start(id);
  return { service, id };
}
async function serve(
  service: FakeTasks<typeof tasks>,
  port = 0,
  more: Partial<StartGatewayOptions> = {},
): Promise<RunningGateway> {
  const logger = pino({ level: 'silent' });
  const gateway = await startGateway({ service, logger, host: '127.0.0.1', port, ...more });
  open.push(gateway.stop);
  return gateway;
}
const socketOf = ({ address }: { address: string }): string =>
  `${address.replace('http', 'ws')}/graphql`;

test('it compiles', { timeout: 120_000 }, async () => {
  expect(files).toHaveLength(5);
  const said = await promisify(execFile)(join(ROOT, 'node_modules/.bin/tsc'), ['-p', project]).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  );
  expect(said).toBe('');
});

test('a run is followed to its end', async () => {
  const { service, id } = await startedRun();
  const { followRun } = await load('follow-run.ts');
  const seen: any[] = [];
  const ended = new Promise<void>((resolve) => {
    void serve(service).then((gateway) =>
      followRun(socketOf(gateway), id, (progress: any) => {
        seen.push(progress);
        if (seen.length === 1) service.progress(id, { done: 1, total: 2 });
        else if (progress.status === 'RUNNING') service.succeed(id);
        else resolve();
      }),
    );
  });
  await ended;
  expect(seen.at(0)).toMatchObject({ status: 'RUNNING', progress: null });
  expect(seen.at(-1)).toMatchObject({ status: 'SUCCEEDED', progress: { percent: 50 } });
});

test('a log goes on at another gateway with neither gap nor repeat, to its end', async () => {
  const { service, id } = await startedRun();
  const { followLog } = await load('follow-log.ts');
  const say = (n: number) => service.log(id, { message: `line ${n}` });
  const first = await serve(service);
  say(1);
  const said: string[] = [];
  for await (const { message } of followLog(socketOf(first), id, new AbortController().signal)) {
    if (!message.startsWith('line')) continue;
    said.push(message);
    if (said.length === 1) {
      say(2);
      await open.pop()?.();
      say(3);
      await serve(service, Number(new URL(first.address).port));
    }
    if (said.length === 3) {
      say(4);
      service.succeed(id);
    }
  }
  expect(said).toEqual(['line 1', 'line 2', 'line 3', 'line 4']);
});

test('a log that is no longer wanted ends, and one that is not there says so', async () => {
  const { service, id } = await startedRun();
  const { followLog } = await load('follow-log.ts');
  const url = socketOf(await serve(service));
  const leaving = new AbortController();
  service.log(id, { message: 'line' });
  for await (const _ of followLog(url, id, leaving.signal)) leaving.abort();
  await expect(followLog(url, 'nowhere', new AbortController().signal).next()).rejects.toThrow(
    'There is no task run "nowhere"',
  );
});

test('a page goes on with a new token when one has expired, each line once', async () => {
  const { service, id } = await startedRun();
  const { followWithTokens } = await load('follow-with-tokens.ts');
  const tokens = new RunTokens([{ kid: 'a', secret: new Uint8Array(32) }]);
  const { authenticate } = new Authenticator({ rules: new AuthRules(parseAuthFile('{}')), tokens });
  const url = socketOf(await serve(service, 0, { authenticate }));
  let minted = 0;
  const newToken = async (): Promise<string> => {
    if (++minted === 2) service.log(id, { message: 'line 2' });
    return (await tokens.mint({ sub: 'shop', run: id, can: ['read', 'logs'] }, 2)).token;
  };
  const shown: string[] = [];
  service.log(id, { message: 'line 1' });
  const status = await followWithTokens(url, id, newToken, (message: string) => {
    if (!message.startsWith('line')) return;
    shown.push(message);
    if (shown.length === 2) service.succeed(id);
  });
  expect({ shown, status }).toEqual({ shown: ['line 1', 'line 2'], status: 'SUCCEEDED' });
  expect(minted).toBeGreaterThanOrEqual(2);
}, 60_000);

test("Vite's proxy lets the app reach it, over HTTP and sockets", { timeout: 60_000 }, async () => {
  const { service, id } = await startedRun();
  const { address } = await serve(service);
  const { default: config } = await load('vite.config.ts');
  const [route] = Object.values<any>(config.server.proxy);
  expect(route.target).toBe('http://127.0.0.1:4000');
  const vite = await createServer({
    root: project,
    configFile: false,
    logLevel: 'error',
    server: { host: '127.0.0.1', port: 0, proxy: { '/graphql': { ...route, target: address } } },
  });
  open.push(() => vite.close());
  await vite.listen();
  const app = vite.resolvedUrls?.local[0]?.replace(/\/$/, '') ?? '';
  const response = await fetch(`${app}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: app },
    body: JSON.stringify({ query: `{ taskRun(id: "${id}") { status } }` }),
  });
  expect(await response.json()).toEqual({ data: { taskRun: { status: 'RUNNING' } } });
  const socket = new WebSocket(`${app.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
    origin: app,
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.close();
});
