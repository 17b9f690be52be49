import { describe, inject } from 'vitest';
import { startTestServer } from '../../src/testing/start-test-server.ts';
import * as activities from './contract-activities.ts';
import * as contractTasks from './contract-tasks.ts';
import { ordersOf } from './orders.ts';
import { testTasks } from './tasks.contract.ts';

describe('TaskService is a Tasks', () => {
  testTasks(async () => {
    const server = await startTestServer({ address: inject('temporal').address });
    const { service } = await server.serve({
      tasks: contractTasks,
      workflowsPath: new URL('./contract-tasks.ts', import.meta.url),
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
