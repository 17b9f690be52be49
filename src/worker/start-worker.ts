import { GracefulShutdownPeriodExpiredError, NativeConnection } from '@temporalio/worker';
import type { DataConverter } from '@temporalio/common';
import type { TemporalConfig } from '../process/config.ts';
import { createTaskWorker, type TaskWorkerOptions } from './create-task-worker.ts';
import type { Logger } from '../process/logger.ts';
import { toBundle, type Workflows } from './to-bundle.ts';

export type StartWorkerOptions = Pick<TaskWorkerOptions, 'activities' | 'taskQueue'> & {
  readonly temporal: Pick<TemporalConfig, 'connection' | 'namespace'>;
  readonly workflows: Workflows;
  readonly logger: Logger;
  readonly dataConverter?: DataConverter | undefined;
};

export interface RunningWorker {
  /** Rejects when the worker cannot go on; resolves when it was stopped. */
  readonly ended: Promise<void>;
  /** Lets running activities end or note where they are, 5 s and then 10 more. Resolves when the worker is gone. */
  readonly stop: () => Promise<void>;
}

/** A worker with a connection of its own, polling. */
export async function startWorker({
  temporal: { connection: options, namespace },
  taskQueue,
  workflows,
  activities,
  logger,
  dataConverter,
}: StartWorkerOptions): Promise<RunningWorker> {
  const bundle = await toBundle(workflows, logger);
  const connection = await NativeConnection.connect(options);
  try {
    const worker = await createTaskWorker({
      ...bundle,
      connection,
      namespace,
      taskQueue,
      activities,
      ...(dataConverter && { dataConverter }),
    });
    const ended = worker.run().catch((error: unknown) => {
      if (!(error instanceof GracefulShutdownPeriodExpiredError)) throw error;
      // Their runs go on elsewhere once their heartbeats stay away.
      logger.warn('Activities did not stop in time and are left behind');
    });
    return {
      ended,
      stop: async () => {
        if (worker.getState() === 'RUNNING') worker.shutdown();
        await ended.catch(() => {});
        await connection.close();
      },
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}
