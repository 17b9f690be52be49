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
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { inject } from 'vitest';
import { createActivities } from '../../src/activities/index.ts';
import { bundleTasks, createTaskWorker } from '../../src/create-task-worker.ts';
import type { TaskWorkerOptions } from '../../src/create-task-worker.ts';
import { ensureSearchAttributes } from '../../src/service/search-attributes.ts';
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

/** File with the bundle of the test definitions: made once for each state of the code, whoever asks first. */
export async function bundleOfTests(): Promise<string> {
  const file = at(`.waymark/test/workflows-${await fingerprint()}.js`);
  if (existsSync(file)) return file;
  const { code } = await bundleTasks({
    workflowsPath: at('test/support/tasks/workflows.ts'),
    logger: new DefaultLogger('ERROR'),
  });
  await mkdir(at('.waymark/test'), { recursive: true });
  // Two files of tests may make it at once: each moves its own into place.
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, code);
  await rename(draft, file);
  return file;
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of ['src/workflows', 'src/definition', 'test/support/tasks'])
    for (const entry of await readdir(at(folder), { recursive: true, withFileTypes: true }))
      if (entry.isFile()) hash.update(await readFile(`${entry.parentPath}/${entry.name}`));
  hash.update(await readFile(at('package-lock.json')));
  return hash.digest('hex').slice(0, 16);
}

let quiet = false;
/** Once for each process, before the first native connection. */
function quietRuntime(): void {
  if (quiet) return;
  quiet = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    workerHeartbeatInterval: '5 s',
    shutdownSignals: [],
  });
}
