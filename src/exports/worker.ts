// For the processes that run tasks.
export { bundleTasks, createTaskWorker } from '../create-task-worker.ts';
export type { TaskWorkerOptions } from '../create-task-worker.ts';
// The same copy as ours: two would not understand each other.
export { NativeConnection } from '@temporalio/worker';
export { installRuntime } from '../install-runtime.ts';
export { createLogger } from '../logger.ts';
export type { Logger, LoggerOptions } from '../logger.ts';
