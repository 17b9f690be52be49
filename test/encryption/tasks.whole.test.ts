import { describe, inject } from 'vitest';
import { encryption } from '../../src/encryption/encryption.ts';
import { startTestServer } from '../../src/testing/start-test-server.ts';
import * as activities from '../testing/contract-activities.ts';
import * as contractTasks from '../testing/contract-tasks.ts';
import { ordersOf } from '../testing/orders.ts';
import { testTasks } from '../testing/tasks.contract.ts';

describe('TaskService is a Tasks over encrypted runs', () => {
  testTasks(async () => {
    const server = await startTestServer({
      address: inject('temporal').address,
      dataConverter: encryption({ keys: [{ id: 'k1', key: Buffer.alloc(32, 1) }] }),
    });
    const { service } = await server.serve({
      tasks: contractTasks,
      workflowsPath: new URL('../testing/contract-tasks.ts', import.meta.url),
      activities,
    });
    return {
      home: service,
      as: (caller) => service.as(caller),
      lacks: new Set(),
      begin: (id) => ordersOf(id).listened,
      order: (id, order) => ordersOf(id).give(order),
      letStop: () => {},
      close: server.close,
    };
  });
});
