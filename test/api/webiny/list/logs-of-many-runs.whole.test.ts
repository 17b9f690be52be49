import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TaskService } from '../../../../src/service/task-service.ts';
import { spawnGateway } from '../../../faults/log-client.ts';
import { ask } from '../../../local/support/program.ts';
import { startOwnTemporal } from '../../../support/own-temporal.ts';
import * as tasks from '../../../support/tasks/workflows.ts';
import { connect } from '../../../support/whole.ts';

const RUNS = 300;
let address: string;
let stop: () => Promise<void>;

beforeAll(async () => {
  const temporal = await startOwnTemporal();
  ({ address } = temporal);
  const { client, stop: disconnect } = await connect(address);
  const service = new TaskService({ client, tasks, taskQueue: randomUUID() });
  for (let i = 0; i < RUNS; i += 50)
    await Promise.all(
      Array.from({ length: 50 }, () => service.trigger({ definition: 'testingRun', input: {} })),
    );
  stop = async () => {
    await service.close();
    await disconnect();
    await temporal.stop();
  };
});
afterAll(() => stop());

test.each([
  ['listLogs', 'id items { message }'],
  ['listTasks', 'id logs { items { message } }'],
])(
  'the logs of more runs than one answer takes come as a page that says so: %s',
  async (list, fields) => {
    const { http } = await spawnGateway(address);
    const query = `query ($after: String) { backgroundTasks { page: ${list}(limit: 1000, after: $after) { data { ${fields} } meta { cursor hasMoreItems totalCount } error { code } } } }`;
    const page = async (after?: string) =>
      (await ask<any>(`${http}/graphql`, query, { after })).backgroundTasks.page;
    const first = await page();
    expect(first.error).toBeNull();
    expect(first.meta.hasMoreItems).toBe(true);
    expect(first.meta.totalCount).toBe(RUNS);
    expect(first.data.length).toBeGreaterThan(0);
    for (const row of first.data) expect(JSON.stringify(row)).toContain('{"message":"Triggered"}');
    const second = await page(first.meta.cursor);
    expect(second.error).toBeNull();
    const seen = new Set(first.data.map(({ id }: { id: string }) => id));
    expect(second.data.length).toBeGreaterThan(0);
    expect(second.data.filter(({ id }: { id: string }) => seen.has(id))).toEqual([]);
  },
);
