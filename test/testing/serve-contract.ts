import { inject } from 'vitest';

import { startTestServer } from '../../src/testing/start-test-server.ts';
import * as activities from './contract-activities.ts';
import * as contractTasks from './contract-tasks.ts';
import { ordersOf } from './orders.ts';

/** The service of the contract's tasks on the Temporal server of this test run, and what a suite asks of a home. */
export async function serveContract(
  options: Omit<NonNullable<Parameters<typeof startTestServer>[0]>, 'address'> = {},
) {
  const server = await startTestServer({ address: inject('temporal').address, ...options });
  const { service } = await server.serve({
    tasks: contractTasks,
    workflowsPath: new URL('contract-tasks.ts', import.meta.url),
    activities,
  });
  return {
    home: service,
    begin: (id: string) => ordersOf(id).listened,
    order: (id: string, order: Parameters<ReturnType<typeof ordersOf>['give']>[0]) =>
      ordersOf(id).give(order),
    letStop: () => {},
    close: server.close,
  };
}
