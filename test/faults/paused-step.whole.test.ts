// What an operator does to a step by Temporal's own means, while it waits with `abortSignal()`.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TaskRunStatus, isClosed } from '../../src/contract/task-run.ts';
import { TaskService } from '../../src/service/task-service.ts';
import * as tasks from '../support/tasks/workflows.ts';
import { eventually, startWorker } from '../support/whole.ts';
import type { WholeTest } from '../support/whole.ts';

let worker: WholeTest;
let service: TaskService<typeof tasks>;
beforeAll(async () => {
  worker = await startWorker();
  service = new TaskService({ client: worker.client, tasks, taskQueue: worker.taskQueue });
});
afterAll(async () => {
  await service.close();
  await worker.stop();
});

const step = (workflowId: string) => ({
  namespace: 'default',
  execution: { workflowId },
  id: '1',
  identity: 'operator',
});

/** The id of a run whose step waits. */
async function holding(maximumAttempts = 1): Promise<string> {
  const { id } = await service.trigger({ definition: 'holdTask', input: { maximumAttempts } });
  await untilLine(id, 'holding');
  return id;
}

async function untilLine(id: string, text: string): Promise<void> {
  await eventually(async () => {
    const { lines } = await service.logs(id, { first: 1000 });
    expect(lines.map((line) => line.message)).toContain(text);
  });
}

async function paused(): Promise<string> {
  const id = await holding();
  await worker.client.workflowService.pauseActivity({ ...step(id), reason: 'maintenance' });
  await eventually(async () =>
    expect((await service.get(id)).steps.map(({ state }) => state)).toEqual(['PAUSED']),
  );
  return id;
}

const untilClosed = (id: string) =>
  eventually(async () => {
    const run = await service.get(id);
    expect(isClosed(run.status)).toBe(true);
    return { run, outcome: await service.outcome(run) };
  });

describe('a step that waits with the signal', () => {
  test('stops in a moment when it is paused, and goes on as if nothing had been', async () => {
    const id = await paused();
    await untilLine(id, 'Paused');
    await worker.client.workflowService.unpauseActivity(step(id));
    // It has one attempt: a pause that cost it would have failed the run.
    const { run, outcome } = await untilClosed(id);
    expect(run.status).toBe(TaskRunStatus.Succeeded);
    expect(outcome.output).toEqual({ held: 'went on' });
  });

  test('is no hindrance to an abort while it is paused', async () => {
    const id = await paused();
    await service.as({ name: 'ada' }).abort({ id, reason: 'Not after all' });
    const { outcome } = await untilClosed(id);
    expect(outcome.abort).toMatchObject({ mode: 'GRACEFUL', by: 'ada', reason: 'Not after all' });
  });

  test('begins anew in a moment when it is reset', async () => {
    // Temporal does not let the only attempt begin anew.
    const id = await holding(2);
    await worker.client.workflowService.resetActivity(step(id));
    const { run, outcome } = await untilClosed(id);
    expect(run.status).toBe(TaskRunStatus.Succeeded);
    expect(outcome.output).toEqual({ held: 'went on' });
    await untilLine(id, 'Reset');
  });
});
