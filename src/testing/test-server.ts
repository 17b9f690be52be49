import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { GracefulShutdownPeriodExpiredError, NativeConnection, Runtime } from '@temporalio/worker';
import type { Worker, WorkerOptions } from '@temporalio/worker';
import { loadConfig } from '../config.ts';
import { createTaskWorker } from '../create-task-worker.ts';
import type { TaskModule } from '../definition/task-definition.ts';
import { installRuntime } from '../install-runtime.ts';
import { temporalCli } from '../local/temporal-cli.ts';
import { startTemporalServer } from '../local/temporal-server.ts';
import { createLogger } from '../logger.ts';
import { connectTemporal } from '../service/connect.ts';
import { TaskService } from '../service/task-service.ts';

export interface TestServerOptions {
  /** `host:port` of a Temporal that is there already. Without one a dev server is started, with everything in memory. */
  readonly address?: string;
  /** Where the Temporal CLI is kept, and fetched to (45 MB, once) when there is none. Default: `.waymark`. */
  readonly folder?: string;
  /** Told what the start waits for, a sentence each. */
  readonly report?: (line: string) => void;
}

export interface TestServiceOptions<T extends TaskModule> {
  /** `import * as tasks from './workflows.ts'`. */
  readonly tasks: T;
  /** The file of that import, for the worker: workflow code is bundled from it. */
  readonly workflowsPath: string | URL;
  /** `import * as activities from './activities.ts'`. */
  readonly activities: object;
  /** More options of the worker. */
  readonly worker?: Omit<
    WorkerOptions,
    'connection' | 'taskQueue' | 'workflowsPath' | 'workflowBundle' | 'activities'
  >;
}

export interface TestService<T extends TaskModule> {
  readonly service: TaskService<T>;
  /** Of its own, so that tests beside it are not seen. */
  readonly taskQueue: string;
  readonly worker: Worker;
  /** Resolves when the worker has ended and its running activities were told to stop. */
  readonly stop: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

export interface TestServer {
  /** `host:port` of Temporal's gRPC. */
  readonly address: string;
  readonly namespace: string;
  /** Of Temporal's SDK, with the search attributes of task runs registered. */
  readonly client: Client;
  /** For workers that a test makes itself. */
  readonly connection: NativeConnection;
  /** Runs a worker for these tasks, on a task queue of its own, and answers the service that triggers them. */
  readonly serve: <T extends TaskModule>(options: TestServiceOptions<T>) => Promise<TestService<T>>;
  /** Stops everything that was started here. */
  readonly close: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/** A real Temporal for whole tests, on a port that is free. Resolves when it takes calls; start one for many tests. */
export async function startTestServer({
  address,
  folder = loadConfig().stateDir,
  report = console.error,
}: TestServerOptions = {}): Promise<TestServer> {
  const undo: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (let last = undo.pop(); last; last = undo.pop()) await last();
  };
  try {
    const server = address === undefined ? await startServer(folder, report, undo) : { address };
    const namespace = 'default';
    const temporal = await connectTemporal({ address: server.address, namespace, connection: {} });
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
