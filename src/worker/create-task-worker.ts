import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { DefaultLogger, Runtime, Worker, bundleWorkflowCode } from '@temporalio/worker';
import type { NativeConnection, WorkerOptions } from '@temporalio/worker';
import { activityInterceptors } from '../activities/activity-interceptors.ts';
import { checkCatalogue } from '../contract/rules/catalogue.ts';
import { ENCODES_FAILURES } from '../contract/wire/messages.ts';
import { WORKER_HEARTBEAT } from '../contract/wire/worker-heartbeat.ts';
import { FAILURE_CONVERTER } from '../encryption/encryption.ts';
import { sendFirstSign } from './send-first-sign.ts';

export type TaskWorkerOptions = Omit<
  WorkerOptions,
  'connection' | 'workflowsPath' | 'workflowBundle'
> & {
  readonly connection: NativeConnection;
  /** The functions that tasks call through `proxyCheckpoints`, by their names. */
  readonly activities: object;
} & (
    | {
        /** File that exports every task, each under its id. */
        readonly workflowsPath: string | URL;
        readonly workflowBundle?: never;
      }
    | {
        /** The same, made ahead of time by `bundleTasks`. */
        readonly workflowBundle: NonNullable<WorkerOptions['workflowBundle']>;
        readonly workflowsPath?: never;
      }
  );

/**
 * A Temporal worker that runs tasks: with it aborts, logs and progress work as described. Every option of Temporal's
 * worker can be given, and wins over the standard here. Rejects when the tasks' exports and ids differ, and when
 * this process has a Temporal runtime that `installRuntime` did not set up and whose workers give no sign of life in time.
 */
export async function createTaskWorker({
  workflowsPath,
  workflowBundle,
  interceptors,
  bundlerOptions,
  ...options
}: TaskWorkerOptions): Promise<Worker> {
  checkRuntime();
  const path = workflowsPath && toPath(workflowsPath);
  if (path !== undefined) await loadCatalogue(path);
  const worker = await Worker.create({
    // The beat of an activity decides; Temporal's throttle would hold it back for 8 s.
    maxHeartbeatThrottleInterval: '250 ms',
    // Runs of a worker that died go on elsewhere 8 s sooner.
    stickyQueueScheduleToStartTimeout: '2 s',
    // Activities that ignore the signal cannot hold the process; `run()` rejects then.
    shutdownGraceTime: '5 s',
    shutdownForceTime: '15 s',
    ...options,
    ...(workflowBundle && {
      workflowBundle:
        options.dataConverter?.failureConverterPath === FAILURE_CONVERTER
          ? await encodingFailures(workflowBundle)
          : workflowBundle,
    }),
    ...(path !== undefined && {
      workflowsPath: path,
      bundlerOptions: { ...bundlerOptions, preloadModules: preloads(bundlerOptions) },
    }),
    interceptors: {
      ...interceptors,
      activity: [activityInterceptors, ...(interceptors?.activity ?? [])],
      // A bundle made ahead of time has its interceptors inside.
      ...(path !== undefined && {
        workflowModules: [INTERCEPTORS, ...(interceptors?.workflowModules ?? [])],
      }),
    },
  });
  await sendFirstSign(worker, options.connection);
  return worker;
}

/**
 * Makes the workflow bundle of these tasks, for workers that shall not make it themselves when they start. Give what it
 * answers to `createTaskWorker` as `workflowBundle`; or save the `code`, and give `{ codePath }`.
 */
export async function bundleTasks({
  workflowsPath,
  workflowInterceptorModules = [],
  // At `info` the bundler reports every module.
  logger = new DefaultLogger('WARN'),
  failureConverterPath = besideUs('encryption/sandbox-failure-converter'),
  ...options
}: Omit<Parameters<typeof bundleWorkflowCode>[0], 'workflowsPath'> & {
  readonly workflowsPath: string | URL;
}): Promise<{ readonly code: string }> {
  const path = toPath(workflowsPath);
  await loadCatalogue(path);
  return bundleWorkflowCode({
    ...options,
    logger,
    failureConverterPath,
    workflowsPath: path,
    workflowInterceptorModules: [INTERCEPTORS, ...workflowInterceptorModules],
    preloadModules: preloads(options),
  });
}

/** What errors of workflow code say would else be stored in clear: the bundle was made by who knew of no keys. */
async function encodingFailures(
  bundle: NonNullable<WorkerOptions['workflowBundle']>,
): Promise<{ readonly code: string }> {
  const code = 'code' in bundle ? bundle.code : await readFile(bundle.codePath, 'utf8');
  if (!code.includes(ENCODES_FAILURES))
    throw new Error(
      'Expected a workflow bundle that `bundleTasks` of this version made, without a `failureConverterPath` of its own: errors of workflow code would be stored unencrypted.',
    );
  return { code: `globalThis.${ENCODES_FAILURES} = true; ${code}` };
}

/** By Temporal's own standard a living worker would count as lost, and one with no heartbeats is pushed no aborts. */
function checkRuntime(): void {
  const { workerHeartbeatIntervalMillis } = Runtime.instance().options.runtimeOptions;
  const interval = workerHeartbeatIntervalMillis ?? 0;
  if (interval > 0 && interval <= WORKER_HEARTBEAT) return;
  throw new Error(
    `Expected the Temporal runtime of this process to have a \`workerHeartbeatInterval\` of at most ${WORKER_HEARTBEAT / 1000} s and more than 0, got ${interval / 1000} s: call \`installRuntime\` before the first connection, or give your own \`Runtime.install\` this option.`,
  );
}

async function loadCatalogue(path: string): Promise<void> {
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- what a module exports is for the check to find out
  const module: object = await import(pathToFileURL(path).href);
  checkCatalogue(module);
}

const toPath = (path: string | URL): string =>
  typeof path === 'string' && !path.startsWith('file:') ? path : fileURLToPath(path);

/** Source or build: the bundler must take the one that the tasks import too. */
const besideUs = (name: string): string =>
  fileURLToPath(new URL(`../${name}${extname(import.meta.url)}`, import.meta.url));
const INTERCEPTORS = besideUs('workflows/interceptors');

/** Loading zod for each run anew would cost a run more than all else that its workflow does. */
const preloads = (options: { readonly preloadModules?: string[] } = {}): string[] => [
  besideUs('workflows/preload'),
  ...(options.preloadModules ?? []),
];
