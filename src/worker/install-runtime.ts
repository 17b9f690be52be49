import { makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { WORKER_HEARTBEAT } from '../contract/wire/worker-heartbeat.ts';
import { type Logger, toTemporalLogger } from '../process/logger.ts';

let installed = false;

/** Sets up Temporal's native part for this process, before the first connection or worker. A second call changes nothing. */
export function installRuntime(logger: Logger): void {
  if (installed) return;
  Runtime.install({
    logger: toTemporalLogger(logger),
    telemetryOptions: {
      logging: {
        forward: {},
        filter: makeTelemetryFilterString({
          core: logger.isLevelEnabled('debug') ? 'INFO' : 'WARN',
          other: 'ERROR',
        }),
      },
    },
    // Tells a dead worker within 15 s. With 0 an abort would no longer be pushed to activities, without a word.
    workerHeartbeatInterval: WORKER_HEARTBEAT,
    // The process decides what ends in which order.
    shutdownSignals: [],
  });
  installed = true;
}
