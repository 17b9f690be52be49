/**
 * For whole tests, which run against the one Temporal server of the test run:
 *
 *   const { client, taskQueue, stop } = await startWorker();   // in beforeAll; stop in afterAll
 *   const run = await client.workflow.start('walkSteps', { taskQueue, workflowId: randomUUID(), args: [{ steps: 3 }] });
 *   await eventually(async () => expect(await …).toBe(…));
 *
 * Definitions: ./tasks/workflows.ts, one for each behaviour, with what they take. `connect()` is the same without a
 * worker. `spawnWorker(taskQueue)` is a worker in a process of its own, to be killed with `kill('SIGKILL')`.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import {
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
} from '@temporalio/worker';
import { inject } from 'vitest';
import { createActivities } from '../../src/activities/index.ts';
import { createTaskWorker } from '../../src/worker/create-task-worker.ts';
import type { TaskWorkerOptions } from '../../src/worker/create-task-worker.ts';
import { ensureSearchAttributes } from '../../src/service/temporal/search-attributes.ts';
import { bundleOfTests } from './bundle.ts';
import * as activities from './tasks/activities.ts';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export interface WholeTest {
  readonly client: Client;
  readonly taskQueue: string;
  /** Ends what was started here. */
  readonly stop: () => Promise<void>;
}

/** A client, with our search attributes registered. */
export async function connect(address: string = inject('temporal').address): Promise<{
  readonly client: Client;
  readonly stop: () => Promise<void>;
}> {
  const connection = await Connection.connect({ address });
  await ensureSearchAttributes(connection, { namespace: 'default' });
  return { client: new Client({ connection }), stop: () => connection.close() };
}

export interface StartWorkerOptions extends Partial<
  Omit<TaskWorkerOptions, 'connection' | 'workflowsPath' | 'workflowBundle'>
> {
  readonly address?: string;
  /** Folder of `checksumFiles`. */
  readonly dataRoot?: string;
}

/** A worker in this process, for all test definitions, and a client. */
export async function startWorker({
  address = inject('temporal').address,
  taskQueue = `test-${randomUUID()}`,
  dataRoot = at('.waymark/test/data'),
  ...options
}: StartWorkerOptions = {}): Promise<WholeTest> {
  quietRuntime();
  const { client, stop } = await connect(address);
  const connection = await NativeConnection.connect({ address });
  const worker = await createTaskWorker({
    connection,
    taskQueue,
    workflowBundle: { codePath: await bundleOfTests() },
    activities: { ...createActivities({ dataRoot }), ...activities },
    // A test does not wait for work that it left running.
    shutdownGraceTime: 100,
    ...options,
  });
  const running = worker.run();
  // Unhandled until `stop`, which a test that fails on the way may never reach.
  running.catch(() => undefined);
  return {
    client,
    taskQueue,
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await running.catch(() => undefined);
      await connection.close();
      await stop();
    },
  };
}

export interface SpawnedWorker {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the process is gone, to its exit code. */
  readonly ended: Promise<number | null>;
}

/** A worker for all test definitions in a process of its own. Resolves when it polls. */
export async function spawnWorker(
  taskQueue: string,
  { dataRoot = at('.waymark/test/data'), address = inject('temporal').address } = {},
): Promise<SpawnedWorker> {
  const child = spawn(process.execPath, ['--import', 'tsx', at('test/support/worker-process.ts')], {
    cwd: at(''),
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      TEST_WORKER: JSON.stringify({ address, taskQueue, dataRoot, bundle: await bundleOfTests() }),
    },
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const ready = new Promise<void>((resolve) => {
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes('ready')) resolve();
    });
  });
  await Promise.race([
    ready,
    ended.then((code) => {
      throw new Error(`The worker process ended with ${code} before it was ready.`);
    }),
  ]);
  return { pid: child.pid ?? 0, kill: (signal) => child.kill(signal), ended };
}

/** Tries until it passes; the last failure is thrown when the time is over. */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  { within = 20_000, every = 50 } = {},
): Promise<T> {
  for (const deadline = Date.now() + within; ; await sleep(every)) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

let quiet = false;
/** Once for each process, before the first native connection. */
function quietRuntime(): void {
  if (quiet) return;
  quiet = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    // Core warns of each activity that outlives its run: what many tests are about.
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) },
    },
    workerHeartbeatInterval: '5 s',
    shutdownSignals: [],
  });
}
