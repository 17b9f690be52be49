import type { temporal as proto } from '@temporalio/proto';

/** A worker deployment version in one word, as Temporal's CLI writes it; null for a worker without versions. */
export const toVersion = (
  version: proto.api.deployment.v1.IWorkerDeploymentVersion | null | undefined,
): string | null =>
  version?.deploymentName ? `${version.deploymentName}.${version.buildId ?? ''}` : null;
