// PROCESS: runs tasks.
import { createActivities } from './activities/index.ts';
import { installRuntime } from './worker/install-runtime.ts';
import { makeFolder } from './process/make-folder.ts';
import { openEncryption } from './process/open-encryption.ts';
import { runProcess } from './process/run-process.ts';
import { connectTemporal } from './service/temporal/connect.ts';
import { startWorker } from './worker/start-worker.ts';
import { untilAborted } from './process/until-aborted.ts';
import { workflowsOf } from './worker/workflows-of.ts';

await runProcess('worker', async ({ config, logger, signal, fail }) => {
  const dataConverter = await openEncryption(config);
  installRuntime(logger);
  await makeFolder('WAYMARK_DATA_DIR', config.dataDir);
  // Waits until Temporal is there and has what runs need; the worker then has a connection of its own.
  const temporal = await connectTemporal(config.temporal, {
    signal,
    log: (level, message) => logger[level](message),
  });
  await temporal.close();
  const worker = await startWorker({
    temporal: config.temporal,
    taskQueue: config.taskQueue,
    workflows: workflowsOf(config),
    activities: createActivities({ dataRoot: config.dataDir }),
    logger,
    dataConverter,
  });
  worker.ended.catch(fail);
  logger.info(`Polling task queue "${config.taskQueue}"`);
  await untilAborted(signal);
  await worker.stop();
});
