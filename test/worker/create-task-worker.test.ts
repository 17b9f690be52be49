import { DefaultLogger, Runtime } from '@temporalio/worker';
import { afterEach, expect, test } from 'vitest';
import { createTaskWorker } from '../../src/worker/create-task-worker.ts';
import { installRuntime } from '../../src/worker/install-runtime.ts';
import { createLogger } from '../../src/process/logger.ts';

afterEach(() => Runtime.instance().shutdown());

/** Comes no further than to its tasks, which are not there. */
const create = () =>
  createTaskWorker({
    connection: undefined as never,
    taskQueue: 'queue',
    workflowsPath: new URL('no-such-tasks.ts', import.meta.url),
    activities: {},
  });
const logger = new DefaultLogger('ERROR');

test("a worker on Temporal's standard runtime is refused: it would soon look lost", async () => {
  Runtime.install({ logger });
  await expect(create()).rejects.toThrow(/workerHeartbeatInterval.*got 60 s.*installRuntime/);
});

test('a worker without heartbeats is refused: it would be pushed no aborts', async () => {
  Runtime.install({ logger, workerHeartbeatInterval: 0 });
  await expect(create()).rejects.toThrow(/workerHeartbeatInterval.*got 0 s/);
});

test('the runtime of `installRuntime` will do', async () => {
  installRuntime(createLogger({ level: 'silent' }));
  await expect(create()).rejects.toThrow('no-such-tasks.ts');
});
