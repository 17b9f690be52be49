import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, startWorker } from '../support/whole.ts';
import type { WholeTest } from '../support/whole.ts';

let worker: WholeTest;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.stop());

/** What Temporal Web UI asks for. */
async function detailsOf(handle: WorkflowHandle): Promise<string | undefined> {
  const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return metadata.currentDetails;
}

test('Temporal Web UI shows how far a run was when its activity ended, and where to look until then', async () => {
  const { client, taskQueue } = worker;
  const handle = await client.workflow.start('walkSteps', {
    taskQueue,
    workflowId: randomUUID(),
    args: [{ steps: 1000, ms: 20 }],
  });
  await eventually(async () => expect(await detailsOf(handle)).toContain('**Pending Activities**'));
  await handle.cancel();
  await expect(handle.result()).rejects.toThrow('cancelled');

  const details = await detailsOf(handle);
  expect(details).toMatch(/\*\*Progress\*\*: \d+ of 1000 `step \d+`/);
  expect(details).toContain('**Last line**: `Stopped`');
});
