import { Connection } from '@temporalio/client';
import { expect, test } from 'vitest';
import { startTestServer } from '../../src/testing/start-test-server.ts';
import { eventually } from '../support/whole.ts';
import * as activities from './contract-activities.ts';
import * as contractTasks from './contract-tasks.ts';
import { ordersOf } from './orders.ts';

test('a server of its own runs tasks, and is gone when it is closed', async () => {
  const server = await startTestServer({ report: () => {} });
  try {
    const { service, taskQueue, stop } = await server.serve({
      tasks: contractTasks,
      workflowsPath: new URL('./contract-tasks.ts', import.meta.url),
      activities,
    });
    const { id } = await service.trigger({ definition: 'obeyOrders', input: { label: 'a' } });
    ordersOf(id).give({ type: 'succeed', output: 'ok' });
    // The run is an ordinary workflow to Temporal's own client.
    expect(await server.client.workflow.getHandle(id).result()).toBe('ok');
    expect((await server.client.workflow.getHandle(id).describe()).taskQueue).toBe(taskQueue);
    await eventually(async () => expect((await service.list()).runs).toMatchObject([{ id }]));
    await stop();
  } finally {
    await server.close();
  }
  const { address } = server;
  await expect(Connection.connect({ address, connectTimeout: 500 })).rejects.toThrow('connect');
});

test('a server that is there already is used, and stays', async () => {
  const outer = await startTestServer({ report: () => {} });
  try {
    const inner = await startTestServer({ address: outer.address });
    await inner.close();
    expect(await outer.client.workflow.count()).toMatchObject({ count: 0 });
  } finally {
    await outer.close();
  }
});
