import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { gateway } from '../src/api/gateway.ts';
import { createTaskWorker } from '../src/worker/create-task-worker.ts';
import { installRuntime } from '../src/worker/install-runtime.ts';
import { temporalCli } from '../src/local/temporal-cli.ts';
import { startTemporalServer } from '../src/local/temporal-server.ts';
import { createLogger } from '../src/process/logger.ts';
import { directly } from '../src/service/temporal/direct-connection.ts';
import { ensureSearchAttributes } from '../src/service/temporal/search-attributes.ts';
import { TaskService } from '../src/service/task-service.ts';
import { CallCounter } from '../test/support/count-calls.ts';
import * as bareActivities from './bare/activities.ts';
import * as activities from './tasks/activities.ts';
import * as tasks from './tasks/workflows.ts';

export interface Stage {
  readonly address: string;
  /** SQLite file of the server. */
  readonly database: string;
  readonly client: Client;
  readonly service: TaskService<typeof tasks>;
  /** Calls to Temporal that the service made. */
  readonly calls: CallCounter;
  readonly app: FastifyInstance;
  /** Of the gateway, with no path. */
  readonly url: string;
  /** A queue that a plain worker polls for the bare shapes, and one that nobody polls. */
  readonly bareQueue: string;
  readonly idleQueue: string;
  /** The same service for runs that nobody takes. */
  readonly idleService: TaskService<typeof tasks>;
  readonly close: () => Promise<void>;
}

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** One server on a SQLite file with the settings of `npm start`, one worker, the service and the gateway. */
export async function setUp(): Promise<Stage> {
  const logger = createLogger({ level: 'error' });
  installRuntime(logger);
  const state = at('../.waymark');
  await mkdir(state, { recursive: true });
  const folder = await mkdtemp(join(tmpdir(), 'waymark-bench-'));
  const database = join(folder, 'temporal.db');
  const server = await startTemporalServer({
    binary: await temporalCli(state, console.log),
    logFile: join(folder, 'temporal.log'),
    database,
  });
  const { address } = server;
  const calls = new CallCounter();
  const connection = await Connection.connect({
    ...directly({ address }),
    interceptors: [calls.interceptor],
  });
  await ensureSearchAttributes(connection, { namespace: 'default' });
  const client = new Client({ connection });
  const taskQueue = 'bench';
  const bareQueue = 'bench-bare';
  const idleQueue = 'bench-idle';
  const native = await NativeConnection.connect({ address });
  const workers = await Promise.all([
    createTaskWorker({
      connection: native,
      taskQueue,
      workflowsPath: at('./tasks/workflows.ts'),
      activities,
    }),
    Worker.create({
      connection: native,
      taskQueue: bareQueue,
      workflowsPath: at('./bare/workflows.ts'),
      activities: bareActivities,
    }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  const options = { client, tasks, connection, visibilityRate: 1000 };
  const service = new TaskService<typeof tasks>({ ...options, taskQueue });
  const idleService = new TaskService<typeof tasks>({ ...options, taskQueue: idleQueue });
  const app = Fastify();
  await app.register(gateway, { service: idleService });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    address,
    database,
    client,
    service,
    calls,
    app,
    url,
    bareQueue,
    idleQueue,
    idleService,
    async close() {
      await app.close();
      await service.close();
      await idleService.close();
      for (const worker of workers) worker.shutdown();
      await running;
      await native.close();
      await connection.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
