// For the processes that run tasks.
export { bundleTasks, createTaskWorker } from '../worker/create-task-worker.ts';
export type { TaskWorkerOptions } from '../worker/create-task-worker.ts';
// The same copy as ours: two would not understand each other.
export { NativeConnection } from '@temporalio/worker';
export { installRuntime } from '../worker/install-runtime.ts';
export { createLogger } from '../process/logger.ts';
export type { Logger, LoggerOptions } from '../process/logger.ts';
export { encryption } from '../encryption/encryption.ts';
export type { Encryption } from '../encryption/encryption.ts';
export type { EncryptionKey } from '../encryption/key-ring.ts';
export { parseKeysFile } from '../encryption/keys-file.ts';
