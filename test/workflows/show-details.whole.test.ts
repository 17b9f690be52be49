import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toCause } from '../../src/contract/wire/abort-cause.ts';
import type { AbortCause } from '../../src/contract/wire/abort-cause.ts';
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

async function start(type: string, input: unknown): Promise<WorkflowHandle> {
  const { client, taskQueue } = worker;
  return client.workflow.start(type, { taskQueue, workflowId: randomUUID(), args: [input] });
}

async function abort({ workflowId }: WorkflowHandle, cause: AbortCause): Promise<void> {
  await worker.client.workflowService.requestCancelWorkflowExecution({
    namespace: 'default',
    requestId: randomUUID(),
    workflowExecution: { workflowId },
    reason: toCause(cause),
  });
}

const running = (handle: WorkflowHandle): Promise<void> =>
  eventually(async () => expect(await detailsOf(handle)).toContain('**Running**'));

test('a running run shows what runs, and where that reports', async () => {
  const handle = await start('sayLines', { lines: 1000, rate: 50, parallel: 3 });
  await eventually(async () => expect(await detailsOf(handle)).toContain('**Running**: 3 × `Say`'));
  expect(await detailsOf(handle)).toContain('**Pending Activities**');
  await handle.terminate();
});

test('a run that waits for children shows how many have ended', async () => {
  const handle = await start('parentTask', { children: 2, steps: 1000 });
  await eventually(async () =>
    expect(await detailsOf(handle)).toContain('**Children**: 0 of 2 have ended'),
  );
  await handle.terminate();
});

test('an aborted run shows who aborted it, why and how, and how far it was', async () => {
  const handle = await start('walkSteps', { steps: 1000, ms: 20 });
  await running(handle);
  await abort(handle, { by: 'alice', reason: 'wrong `input`' });
  await expect(handle.result()).rejects.toThrow('cancelled');
  const details = await detailsOf(handle);
  expect(details).toMatch(/^\*\*Aborted\*\* by `alice`: `wrong {2}input ` \(at a checkpoint\)$/m);
  expect(details).toMatch(/^\*\*Progress\*\*: \d+ of 1000 \(\d+ %\), `step \d+`$/m);
  expect(details).toContain('**Last line**: `Stopped: Aborted by alice: wrong  input `');
});

test('a run that had to be abandoned shows that', async () => {
  const handle = await start('deafTask', { ms: 3000 });
  await running(handle);
  await abort(handle, { by: null, reason: null, grace: 0 });
  await expect(handle.result()).rejects.toThrow('cancelled');
  expect(await detailsOf(handle)).toMatch(/^\*\*Aborted\*\* \(by force, after its grace\)$/m);
});

test.each([
  ['walkSteps', { steps: 1 }, /^\*\*Succeeded\*\*$/m],
  ['failForGoodTask', {}, /^\*\*Failed\*\* with `BadDay`: `no way`$/m],
  ['brokenTask', {}, /^\*\*Failed\*\* with `TypeError`: `Cannot read/m],
  ['timeLimited', {}, /^\*\*Failed\*\* with `TIMEOUT`: `The run did not end within 0.7 s.`$/m],
])('a run of %s(%o) shows how it ended', async (type, input, end) => {
  const handle = await start(type, input);
  await handle.result().catch(() => undefined);
  expect(await detailsOf(handle)).toMatch(end);
});
