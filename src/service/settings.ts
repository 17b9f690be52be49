import { msToTs } from '@temporalio/common/lib/time.js';
import { TaskError, TaskErrorCode } from '../definition/task-error.ts';
import type { Settings } from '../definition/tasks.ts';
import type { Temporal } from './temporal.ts';

const DAY = 24 * 60 * 60;
const MAX_DAYS = 365;

/** The namespace's retention, in whole days. */
export async function readSettings(temporal: Temporal): Promise<Settings> {
  const { config } = await temporal.ask((service) =>
    service.describeNamespace({ namespace: temporal.namespace }),
  );
  const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0);
  return { retentionDays: Math.ceil(seconds / DAY) };
}

export async function writeSettings(
  temporal: Temporal,
  { retentionDays }: Settings,
): Promise<Settings> {
  if (!Number.isInteger(retentionDays) || retentionDays < 1 || retentionDays > MAX_DAYS)
    throw new TaskError(
      TaskErrorCode.InvalidArgument,
      `Expected \`retentionDays\` to be an integer from 1 to ${MAX_DAYS}, got ${retentionDays}.`,
    );
  await temporal.ask((service) =>
    service.updateNamespace({
      namespace: temporal.namespace,
      config: { workflowExecutionRetentionTtl: msToTs(retentionDays * DAY * 1000) },
    }),
  );
  return { retentionDays };
}
