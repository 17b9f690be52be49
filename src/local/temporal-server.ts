// Runs Temporal's dev server as a child process.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';

export interface TemporalServerOptions {
  binary: string;
  logFile: string;
  /** Without a file everything stays in memory. */
  database?: string;
  port?: number;
  /** Without a port the Web UI stays off. */
  uiPort?: number;
  namespace?: string;
}
const switches = [
  'frontend.WorkerCommandsEnabled',
  'system.enableCancelActivityWorkerCommand',
  'frontend.WorkflowPauseEnabled',
  'matching.enableFairness',
];

export async function startTemporalServer({
  binary,
  logFile,
  database,
  port,
  uiPort,
  namespace = 'default',
}: TemporalServerOptions) {
  const address = `127.0.0.1:${port ?? (await freePort())}`;
  const args = [
    'server',
    'start-dev',
    '--ip',
    '127.0.0.1',
    '--port',
    address.slice(10),
    '--namespace',
    namespace,
    '--log-format',
    'json',
    '--log-level',
    'warn',
  ];
  args.push(
    ...(uiPort ? ['--ui-port', String(uiPort), '--ui-disable-news-fetch'] : ['--headless']),
  );
  if (database)
    args.push(
      '--db-filename',
      database,
      '--sqlite-pragma',
      'journal_mode=wal',
      '--sqlite-pragma',
      'synchronous=2',
    );
  args.push(...switches.flatMap((name) => ['--dynamic-config-value', `${name}=true`]));
  // A group of its own: Ctrl-C must reach our worker, which drains, before it reaches the server.
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const log = createWriteStream(logFile, { flags: 'a' });
  let tail = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      log.write(text);
      tail = (tail + text).slice(-2000);
    });
  const ended = new Promise<string>((resolve) => {
    child
      .once('error', (error) => resolve(error.message))
      .once('close', (code, signal) => resolve(`${code ?? signal}\n${tail.trim()}`));
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const hard = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(hard);
    log.end();
  };
  const failed = await Promise.race([
    ended.then((how) => `it ended: ${how}`),
    ready(address, namespace),
  ]);
  if (!failed) return { address, ended, stop };
  await stop();
  throw new Error(`The Temporal server did not come up at ${address}; ${failed}`);
}

async function ready(address: string, namespace: string): Promise<string | undefined> {
  for (const deadline = Date.now() + 30_000; ; await sleep(50)) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: 1_000 });
      try {
        await connection.workflowService.describeNamespace({ namespace });
      } finally {
        await connection.close();
      }
      return undefined;
    } catch (error) {
      if (Date.now() > deadline) return `no answer in 30 s: ${String(error)}`;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address === 'object' && address) return address.port;
  throw new Error('No port is free.');
}
