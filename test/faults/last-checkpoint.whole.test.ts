// However a run ends, where it was is kept: whoever goes on from there needs no worker of it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TaskRunStatus, isClosed } from '../../src/contract/task-run.ts';
import { readCheckpoints } from '../../src/service/log/read-checkpoints.ts';
import { RunSource } from '../../src/service/log/run-source.ts';
import { TaskService } from '../../src/service/task-service.ts';
import { Temporal } from '../../src/service/temporal/temporal.ts';
import { describeAny } from '../service/describe-any.ts';
import * as tasks from '../support/tasks/workflows.ts';
import { eventually, startWorker } from '../support/whole.ts';
import type { WholeTest } from '../support/whole.ts';

let worker: WholeTest;
let service: TaskService<typeof tasks>;
let source: RunSource;
beforeAll(async () => {
  worker = await startWorker();
  service = new TaskService({ client: worker.client, tasks, taskQueue: worker.taskQueue });
  const temporal = new Temporal({ client: worker.client });
  source = new RunSource({ temporal, describe: describeAny(temporal) });
});
afterAll(async () => {
  await service.close();
  await worker.stop();
});

async function untilClosed(id: string): Promise<TaskRunStatus> {
  return eventually(async () => {
    const { status } = await service.get(id);
    expect(isClosed(status)).toBe(true);
    return status;
  });
}

async function untilLine(id: string, text: string): Promise<void> {
  await eventually(async () => {
    const { lines } = await service.logs(id, { first: 1000 });
    expect(lines.map(({ message }) => message)).toContain(text);
  });
}

/** The step that its only activity had taken last, of those that its log tells of. */
async function lastStep(id: string): Promise<number> {
  const { lines } = await service.logs(id, { first: 1000 });
  const steps = lines.flatMap(({ message }) => /^step (\d+)$/.exec(message)?.[1] ?? []);
  return Number(steps.at(-1));
}

const kept = async (id: string): Promise<unknown> =>
  Object.fromEntries((await readCheckpoints(source, id)).states);

describe('the last checkpoint of a run is kept', () => {
  test('that failed', async () => {
    const { id } = await service.trigger({ definition: 'walkThen', input: { next: 'fail' } });
    expect(await untilClosed(id)).toBe(TaskRunStatus.Failed);
    expect(await kept(id)).toEqual({ '1/1': 5 });
  });

  test('that was aborted at a checkpoint', async () => {
    const { id } = await service.trigger({ definition: 'walkSteps', input: { steps: 10_000 } });
    await untilLine(id, 'step 5');
    await service.abort({ id });
    expect(await untilClosed(id)).toBe(TaskRunStatus.Aborted);
    expect(await kept(id)).toEqual({ '1/1': await lastStep(id) });
  });

  test('that was abandoned after its grace', async () => {
    const { id } = await service.trigger({ definition: 'walkThen', input: { next: 'sleep' } });
    await untilLine(id, 'asleep');
    await service.abort({ id });
    expect(await untilClosed(id)).toBe(TaskRunStatus.Aborted);
    expect(await kept(id)).toEqual({ '1/1': 5 });
  });

  test('that took longer than it may', async () => {
    const { id } = await service.trigger({ definition: 'timeLimited', input: {} });
    expect(await untilClosed(id)).toBe(TaskRunStatus.Failed);
    expect(await kept(id)).toEqual({ '1/1': await lastStep(id) });
  });

  test('that was ended by force', async () => {
    const { id } = await service.trigger({ definition: 'walkThen', input: { next: 'sleep' } });
    await untilLine(id, 'asleep');
    await service.terminate({ id });
    expect(await untilClosed(id)).toBe(TaskRunStatus.Aborted);
    expect(await kept(id)).toEqual({ '1/1': 5 });
  });
});
