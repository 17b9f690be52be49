import { msToTs } from '@temporalio/common/lib/time.js';
import { checkSettings } from '../../contract/rules/check-settings.ts';
import type { Settings } from '../../contract/tasks.ts';
import type { Temporal } from './temporal.ts';

const DAY = 24 * 60 * 60;

/** The namespace's retention, in whole days. */
export async function readSettings(temporal: Temporal): Promise<Settings> {
  const { config } = await temporal.ask((service) =>
    service.describeNamespace({ namespace: temporal.namespace }),
  );
  const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0);
  return { retentionDays: Math.ceil(seconds / DAY) };
}

export async function writeSettings(temporal: Temporal, settings: Settings): Promise<Settings> {
  checkSettings(settings);
  const { retentionDays } = settings;
  await temporal.ask((service) =>
    service.updateNamespace({
      namespace: temporal.namespace,
      config: { workflowExecutionRetentionTtl: msToTs(retentionDays * DAY * 1000) },
    }),
  );
  return { retentionDays };
}
