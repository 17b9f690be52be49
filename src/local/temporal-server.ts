import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { freePorts } from './ports.ts';

export interface TemporalServerOptions {
  /** The Temporal CLI. */
  readonly binary: string;
  readonly logFile: string;
  /** SQLite file. Without one everything stays in memory. */
  readonly database?: string;
  /** Without one, any that is free. */
  readonly port?: number;
  /** Without one the Web UI stays off. */
  readonly uiPort?: number;
  /** Where the Web UI has values decrypted. */
  readonly uiCodec?: string | undefined;
  readonly namespace?: string;
  /** Called when the process exists, before it is ready: whoever must find it again notes it down here. */
  readonly onSpawn?: (pid: number) => void;
}

export interface TemporalServer {
  /** `host:port` of its gRPC. */
  readonly address: string;
  /** Resolves when the process is gone, with how it ended and the last lines of its log. */
  readonly ended: Promise<string>;
  /** Resolves when the process is gone. */
  readonly stop: () => Promise<void>;
}

/** Runs Temporal's dev server as a child process. Resolves when its namespace answers. */
export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  const { binary, logFile, namespace = 'default', onSpawn } = options;
  const port = options.port ?? (await anyPort());
  const address = `${HOST}:${port}`;
  const logStart = await rotate(logFile);
  const child = launch(binary, toArguments({ ...options, port, namespace }), logFile);
  if (child.pid !== undefined) onSpawn?.(child.pid);
  const ended = endOf(child).then(async (how) => `${how}\n${await tail(logFile, logStart)}`.trim());
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const hard = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT);
    await ended;
    clearTimeout(hard);
  };
  // A port that answers is not enough: it may be a foreign server's, while ours has died for want of it.
  const over = new AbortController();
  const failure = await Promise.race([
    ended.then((how) => `it ended: ${how}`),
    answers(address, namespace, over.signal),
  ]);
  over.abort();
  if (failure === undefined) return { address, ended, stop };
  await stop();
  throw new Error(`Expected a Temporal server at ${address}, but ${failure}`);
}

const HOST = '127.0.0.1';
const READY_LIMIT = 60_000;
const STOP_LIMIT = 10_000;
const LOG_LIMIT = 10 << 20;
const TAIL = 2_000;

/** Switches of the server that Waymark wants on, here and in a cluster. */
export const SWITCHES = [
  // Both: an abort is pushed to the activity instead of waiting for its next heartbeat.
  'frontend.WorkerCommandsEnabled',
  'system.enableCancelActivityWorkerCommand',
  'frontend.WorkflowPauseEnabled',
  'matching.enableFairness',
];

function toArguments({
  port,
  uiPort,
  uiCodec,
  namespace,
  database,
}: {
  readonly port: number;
  readonly uiPort?: number;
  readonly uiCodec?: string | undefined;
  readonly namespace: string;
  readonly database?: string;
}): string[] {
  const options = {
    ip: HOST,
    port,
    namespace,
    'log-format': 'json',
    'log-level': 'warn',
    ...(uiPort !== undefined && { 'ui-port': uiPort }),
    ...(uiCodec !== undefined && { 'ui-codec-endpoint': uiCodec }),
    ...(database !== undefined && { 'db-filename': database }),
  };
  return [
    'server',
    'start-dev',
    ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
    // The news feed is the UI's only request to the outside.
    uiPort === undefined ? '--headless' : '--ui-disable-news-fetch',
    // Write-ahead log for speed, full sync so that what was acknowledged survives a power cut.
    ...(database === undefined
      ? []
      : ['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=2']),
    ...SWITCHES.flatMap((name) => ['--dynamic-config-value', `${name}=true`]),
  ];
}

function launch(binary: string, args: readonly string[], logFile: string): ChildProcess {
  // Straight into the file: a pipe would break, and the server with it, when this process is killed.
  const log = openSync(logFile, 'a');
  try {
    // A group of its own: Ctrl-C must reach our worker, which drains, before it reaches the server.
    return spawn(binary, args, { stdio: ['ignore', log, log], detached: true });
  } finally {
    closeSync(log);
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child
      .once('error', (error) => resolve(error.message))
      .once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}

/** What keeps the server from answering; undefined when it answers. */
async function answers(
  address: string,
  namespace: string,
  over: AbortSignal,
): Promise<string | undefined> {
  for (const limit = Date.now() + READY_LIMIT; !over.aborted; await sleep(50)) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: 1_000 });
      try {
        await connection.withDeadline(Date.now() + 2_000, () =>
          connection.workflowService.describeNamespace({ namespace }),
        );
        return undefined;
      } finally {
        await connection.close();
      }
    } catch (error) {
      if (Date.now() > limit)
        return `nothing answered in ${READY_LIMIT / 1000} s: ${String(error)}`;
    }
  }
  return undefined;
}

/** Where this start's lines will begin. A log that has grown large becomes the one old log. */
async function rotate(logFile: string): Promise<number> {
  const size = await stat(logFile).then(
    ({ size }) => size,
    () => 0,
  );
  if (size <= LOG_LIMIT) return size;
  await rename(logFile, `${logFile}.1`);
  return 0;
}

async function tail(logFile: string, from: number): Promise<string> {
  const file = await open(logFile);
  try {
    const { size } = await file.stat();
    const start = Math.max(from, size - TAIL);
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(size - start),
      0,
      size - start,
      start,
    );
    return buffer.toString('utf8', 0, bytesRead).trim();
  } finally {
    await file.close();
  }
}

async function anyPort(): Promise<number> {
  const wanted = { variable: 'TEMPORAL_PORT', purpose: "Temporal's server", host: HOST, port: 0 };
  const [port = 0] = await freePorts([wanted]);
  return port;
}
