import { expect, test } from 'vitest';
import { TaskRunStatus } from '../../../src/contract/task-run.ts';
import { InputsAndOutcomes } from '../../../src/service/run/inputs-and-outcomes.ts';
import type { Temporal } from '../../../src/service/temporal/temporal.ts';
import { toTaskRun } from '../../../src/service/run/to-task-run.ts';

const mapping = { definitions: new Map(), decode: async () => [] };

test('calls that are each in time are cut when they are too many for the deadline', async () => {
  let calls = 0;
  const ask = async () => {
    calls++;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return { history: { events: [] }, nextPageToken: new Uint8Array(1) };
  };
  const temporal = { namespace: 'default', deadline: 500, ask, decode: async () => [] };
  const ends = new InputsAndOutcomes({
    temporal: temporal as unknown as Temporal,
    describe: () => Promise.reject(new Error('not asked')),
  });
  const info = { execution: { workflowId: 'run', runId: 'link' }, firstRunId: 'link' };
  const run = await toTaskRun(info, mapping);
  await expect(ends.outcome({ ...run, status: TaskRunStatus.Aborting })).rejects.toMatchObject({
    code: 'TIMEOUT',
  });
  expect(calls).toBeGreaterThan(1);
});
