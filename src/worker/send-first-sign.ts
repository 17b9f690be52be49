import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { msToTs } from '@temporalio/common/lib/time.js';
import protos from '@temporalio/proto';
import type { NativeConnection, Worker } from '@temporalio/worker';
import { FIRST_SIGN } from '../contract/wire/worker-heartbeat.ts';

/**
 * Tells Temporal that this worker is there, before it polls: one that dies within its first seconds would else be
 * known by its polls alone, which Temporal keeps for minutes.
 */
export async function sendFirstSign(
  { options: { namespace, taskQueue, identity, workerDeploymentOptions: deployment } }: Worker,
  connection: NativeConnection,
): Promise<void> {
  const now = msToTs(Date.now());
  await connection.workflowService
    .recordWorkerHeartbeat({
      namespace,
      identity,
      workerHeartbeat: [
        {
          workerInstanceKey: `${FIRST_SIGN}${randomUUID()}`,
          workerIdentity: identity,
          taskQueue,
          status: protos.temporal.api.enums.v1.WorkerStatus.WORKER_STATUS_RUNNING,
          startTime: now,
          heartbeatTime: now,
          deploymentVersion: deployment?.useWorkerVersioning ? deployment.version : null,
          hostInfo: { hostName: hostname(), processId: String(process.pid) },
        },
      ],
    })
    // An older Temporal does not know workers, and this one runs without the sign as well.
    .catch(() => {});
}
