import type { WorkerOptions } from '@temporalio/worker';
import { bundleTasks } from './create-task-worker.ts';
import { type Logger, toTemporalLogger } from '../process/logger.ts';

/** The file that exports every task, or the bundle that was made of it. */
export type Workflows = { readonly workflowsPath: string | URL } | Bundle;
export interface Bundle {
  readonly workflowBundle: NonNullable<WorkerOptions['workflowBundle']>;
}

/** The workflow bundle of these tasks: made now, which takes seconds, unless it is there. */
export async function toBundle(workflows: Workflows, logger: Logger): Promise<Bundle> {
  if ('workflowBundle' in workflows) return workflows;
  // The bundler reports every module at `info`.
  const quiet = logger.child({}, { level: logger.isLevelEnabled('debug') ? 'debug' : 'warn' });
  const { workflowsPath } = workflows;
  return {
    workflowBundle: await bundleTasks({ workflowsPath, logger: toTemporalLogger(quiet) }),
  };
}
