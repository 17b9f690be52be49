// A whole installation with a login: OpenID provider, proxy, auth file, gateway, Temporal and worker, all of them real.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request as requestHttp } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { connect as connectTcp } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { JWK } from 'jose';
import { pino } from 'pino';
import { inject, vi } from 'vitest';
import { startGateway } from '../../src/api/start-gateway.ts';
import { backgroundTasks } from '../../src/api/webiny/background-tasks.ts';
import { loadConfig } from '../../src/process/config.ts';
import { openLogin } from '../../src/process/open-login.ts';
import { TaskService } from '../../src/service/task-service.ts';
import { openSocket } from '../api/support/live-gateway.ts';
import type { RawSocket } from '../api/support/live-gateway.ts';
import { AUDIENCE, newKey, startProvider } from '../login/support/provider.ts';
import type { ClientClaims, TestProvider } from '../login/support/provider.ts';
import { CallCounter } from '../support/count-calls.ts';
import * as tasks from '../support/tasks/workflows.ts';
import { startWorker } from '../support/whole.ts';

export type Headers = Readonly<Record<string, string>>;
/** How somebody shows who it is, and where it knocks. */
export interface Knock {
  readonly address: string;
  readonly headers: Headers;
}

export interface House {
  readonly service: TaskService<typeof tasks>;
  readonly calls: CallCounter;
  readonly provider: TestProvider;
  readonly address: string;
  /** Of the proxy, which names whoever has its cookie. */
  readonly proxy: string;
  /** What the gateway logged. */
  readonly lines: readonly string[];
  /** The provider's key. */
  readonly signedBy: JWK;
  readonly write: (file: object | string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Of its run tokens. */
export const SECRET = { kid: 'a', secret: new Uint8Array(32).fill(1) };
/** What the proxy hands its users' cookies out for. */
export const COOKIE = 'session=';
export const HEADER = 'x-forwarded-user';
/** Where the proxy calls from: nobody else is believed. */
const PROXY_ADDRESS = '127.0.0.3';

export async function openHouse(
  file: object,
  clients: ClientClaims,
  env: Readonly<Record<string, string>> = {},
): Promise<House> {
  // Of the provider: that its store is no good for production.
  vi.spyOn(console, 'warn').mockReturnValue();
  vi.spyOn(console, 'info').mockReturnValue();
  const folder = await mkdtemp(join(tmpdir(), 'waymark-callers-'));
  const path = join(folder, 'auth.json');
  const write = (what: object | string): Promise<void> =>
    writeFile(path, typeof what === 'string' ? what : JSON.stringify(what));
  await write(file);
  const signedBy = await newKey('first');
  const provider = await startProvider([signedBy], clients);
  const config = loadConfig({
    XDG_CONFIG_HOME: '/nonexistent',
    HOME: '/nonexistent',
    WAYMARK_AUTH_FILE: path,
    WAYMARK_OIDC_ISSUER: provider.issuer,
    WAYMARK_OIDC_AUDIENCE: AUDIENCE,
    WAYMARK_ACTOR_HEADER: HEADER,
    WAYMARK_TRUSTED_PROXIES: PROXY_ADDRESS,
    WAYMARK_TOKEN_SECRETS: `${SECRET.kid}:${Buffer.from(SECRET.secret).toString('base64')}`,
    ...env,
  });
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const login = await openLogin(config, logger);

  const whole = await startWorker();
  const calls = new CallCounter();
  const connection = await Connection.connect({
    address: inject('temporal').address,
    interceptors: [calls.interceptor],
  });
  const service = new TaskService<typeof tasks>({
    client: new Client({ connection }),
    tasks,
    taskQueue: whole.taskQueue,
    visibilityRate: 80,
  });
  const gateway = await startGateway({
    ...config.gateway,
    service,
    logger,
    host: '127.0.0.1',
    port: 0,
    authenticate: login.authenticate,
    tokens: login.tokens,
    extensions: [backgroundTasks],
    webUi: { address: 'http://ui.test', namespace: 'default' },
  });
  const proxy = await startProxy(gateway.address);
  await vi.waitFor(
    async () => {
      if (!lines.some((line) => line.includes('is there'))) throw new Error(lines.join(''));
    },
    { timeout: 20_000 },
  );
  return {
    service,
    calls,
    provider,
    address: gateway.address,
    proxy: proxy.address,
    lines,
    signedBy,
    write,
    close: async () => {
      await proxy.close();
      await gateway.stop();
      await service.close();
      await connection.close();
      await whole.stop();
      await login.close();
      await provider.down();
      await rm(folder, { recursive: true });
    },
  };
}

/** What the proxy sends on: whom its cookie is of, and nothing that a client says of that. */
function named({ cookie, ...given }: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const kept = Object.entries(given).flatMap(([name, value]) =>
    value === undefined || name === HEADER ? [] : [[name, String(value)] as const],
  );
  return {
    ...Object.fromEntries(kept),
    ...(cookie?.startsWith(COOKIE) && { [HEADER]: cookie.slice(COOKIE.length) }),
  };
}

async function startProxy(gateway: string) {
  const { hostname, port } = new URL(gateway);
  const to = { host: hostname, port: Number(port), localAddress: PROXY_ADDRESS };
  const server = createServer((request, response) => {
    const { method, url: path } = request;
    const headers = named(request.headers);
    const asked = requestHttp({ ...to, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    asked.on('error', () => response.destroy());
    response.on('close', () => asked.destroy());
    request.pipe(asked);
  });
  server.on('upgrade', (request, socket, head) => {
    const target = connectTcp(to);
    const lines = Object.entries(named(request.headers)).map(
      ([name, value]) => `${name}: ${value}`,
    );
    target.write(`GET ${request.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    target.write(head);
    target.on('error', () => socket.destroy());
    socket.on('error', () => target.destroy());
    target.pipe(socket).pipe(target);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port: own } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${own}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export interface Answer {
  readonly status: number;
  /** As it came; over a socket or a stream, its first result. */
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests say in their assertions what they expect
  readonly body: any;
}
export type Ask = (knock: Knock, query: string, variables?: object) => Promise<Answer>;

const JSON_BODY = { 'content-type': 'application/json' };

const overHttp: Ask = async ({ address, headers }, query, variables) => {
  const answer = await fetch(`${address}/graphql`, {
    method: 'POST',
    headers: { ...JSON_BODY, ...headers },
    body: JSON.stringify({ query, variables }),
  });
  const text = await answer.text();
  return { status: answer.status, text, body: JSON.parse(text) };
};

/** A socket that has been let in. */
export async function socketOf({ address, headers }: Knock): Promise<RawSocket> {
  const { authorization, 'x-tenant': tenant, ...others } = headers;
  const client = await openSocket(`${address.replace('http', 'ws')}/graphql`, { headers: others });
  client.send({ type: 'connection_init', payload: { authorization, tenant } });
  await client.next();
  return client;
}

const overSocket: Ask = async (knock, query, variables) => {
  const client = await socketOf(knock);
  client.send({ type: 'subscribe', id: '1', payload: { query, variables } });
  const { type, payload } = await client.next();
  client.socket.close();
  const body = type === 'error' ? { errors: payload } : payload;
  return { status: 200, text: JSON.stringify(body), body };
};

const overStream: Ask = async ({ address, headers }, query, variables) => {
  const leaving = new AbortController();
  const answer = await fetch(`${address}/graphql/stream`, {
    method: 'POST',
    headers: { ...JSON_BODY, accept: 'text/event-stream', ...headers },
    body: JSON.stringify({ query, variables }),
    signal: leaving.signal,
  });
  let told = '';
  const events = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  for (let data; ;) {
    [, data] = /^event: next\ndata: (.*)\n\n/m.exec(told) ?? [];
    if (data !== undefined) {
      leaving.abort();
      return { status: answer.status, text: data, body: JSON.parse(data) };
    }
    const read = await events?.read();
    if (!read || read.done) throw new Error(`Expected a result, got ${answer.status} ${told}`);
    told += read.value;
  }
};

export const TRANSPORTS: Readonly<Record<'HTTP' | 'a socket' | 'a stream', Ask>> = {
  HTTP: overHttp,
  'a socket': overSocket,
  'a stream': overStream,
};

/** A tenant of one test file: the server is shared. */
export const tenantNamed = (name: string): string => `${name}-${randomUUID().slice(0, 8)}`;
