// PROCESS: runs tasks. Start as many as you need.
import { createLogger, createTaskWorker, installRuntime, NativeConnection } from 'waymark/worker';
import * as activities from './activities.js';
import { address, connect, taskQueue } from './settings.js';

installRuntime(createLogger());
await (await connect()).close();
const connection = await NativeConnection.connect({ address });
const worker = await createTaskWorker({
  connection,
  taskQueue,
  workflowsPath: new URL('./tasks.js', import.meta.url),
  activities,
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => worker.shutdown());
console.log('The worker is polling');
await worker.run();
await connection.close();
