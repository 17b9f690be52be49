import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWorker } from '../support/whole.ts';
import type { WholeTest } from '../support/whole.ts';

let whole: WholeTest;
beforeAll(async () => {
  whole = await startWorker();
});
afterAll(() => whole.stop());

const execute = (type: string, input: unknown) =>
  whole.client.workflow.execute(type, {
    taskQueue: whole.taskQueue,
    workflowId: randomUUID(),
    args: [input],
  });

describe('a run', () => {
  test('ends with the output of its definition', async () => {
    expect(await execute('testingRun', { some: 'value' })).toEqual({
      message: 'Task successfully finished.',
    });
  });
});
