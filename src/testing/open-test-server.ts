import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GracefulShutdownPeriodExpiredError, NativeConnection, Runtime } from '@temporalio/worker';
import type { Worker } from '@temporalio/worker';
import { loadConfig } from '../process/config.ts';
import { createTaskWorker } from '../worker/create-task-worker.ts';
import { installRuntime } from '../worker/install-runtime.ts';
import { temporalCli } from '../local/temporal-cli.ts';
import { startTemporalServer } from '../local/temporal-server.ts';
import { createLogger } from '../process/logger.ts';
import { connectTemporal } from '../service/temporal/connect.ts';
import { TaskService } from '../service/task-service.ts';
import type { TestServer, TestServerOptions } from './test-server.ts';

/** See `startTestServer`. */
export async function openTestServer({
  address,
  folder = loadConfig().stateDir,
  report = console.error,
  dataConverter,
}: TestServerOptions): Promise<TestServer> {
  const undo: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (let last = undo.pop(); last; last = undo.pop()) await last();
  };
  try {
    const server = address === undefined ? await startServer(folder, report, undo) : { address };
    const namespace = 'default';
    const temporal = await connectTemporal(
      { address: server.address, namespace, connection: {} },
      { dataConverter },
    );
    undo.push(temporal.close);
    // A process has one; whoever set it up before knows why.
    if (!Runtime._instance) installRuntime(createLogger({ level: 'error' }));
    const connection = await NativeConnection.connect({ address: server.address });
    undo.push(() => connection.close());
    return {
      address: server.address,
      namespace,
      client: temporal.client,
      connection,
      close,
      [Symbol.asyncDispose]: close,
      serve: async ({ tasks, workflowsPath, activities, worker: options }) => {
        const taskQueue = `test-${randomUUID()}`;
        const worker = await createTaskWorker({
          ...(dataConverter && { dataConverter }),
          ...options,
          connection,
          namespace,
          taskQueue,
          workflowsPath,
          activities,
        });
        const stopWorker = runUntilStopped(worker);
        const service = new TaskService({ ...temporal, tasks, taskQueue });
        const stop = async (): Promise<void> => {
          await service.close();
          await stopWorker();
        };
        undo.push(stop);
        return { service, taskQueue, worker, stop, [Symbol.asyncDispose]: stop };
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startServer(
  folder: string,
  report: (line: string) => void,
  undo: (() => unknown)[],
): Promise<{ readonly address: string }> {
  const binary = await temporalCli(folder, report);
  const logs = await mkdtemp(join(tmpdir(), 'waymark-test-'));
  undo.push(() => rm(logs, { recursive: true, force: true }));
  const server = await startTemporalServer({ binary, logFile: join(logs, 'temporal.log') });
  undo.push(server.stop);
  return server;
}

/** Answers what ends the worker. */
function runUntilStopped(worker: Worker): () => Promise<void> {
  // Nobody waits for it until then; what it says is told by `stop`.
  const ended = worker.run().then(
    () => undefined,
    (error: unknown) => error,
  );
  return async () => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
    const error = await ended;
    // Activities that are deaf to the shutdown were left behind: a test's worker owes them nothing.
    if (error !== undefined && !(error instanceof GracefulShutdownPeriodExpiredError)) throw error;
  };
}
