// A worker of the test definitions in a process of its own, started by `spawnWorker`.
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { createActivities } from '../../src/activities/index.ts';
import { createTaskWorker } from '../../src/worker/create-task-worker.ts';
import * as activities from './tasks/activities.ts';

const { address, taskQueue, dataRoot, bundle } = JSON.parse(process.env['TEST_WORKER'] ?? '{}') as {
  readonly address: string;
  readonly taskQueue: string;
  readonly dataRoot: string;
  readonly bundle: string;
};
Runtime.install({ logger: new DefaultLogger('ERROR'), workerHeartbeatInterval: '5 s' });
const connection = await NativeConnection.connect({ address });
const worker = await createTaskWorker({
  connection,
  taskQueue,
  workflowBundle: { codePath: bundle },
  activities: { ...createActivities({ dataRoot }), ...activities },
});
const running = worker.run();
console.log('ready');
await running;
await connection.close();
