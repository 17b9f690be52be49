import { connectTemporal } from 'waymark';
import type { ConnectedTemporal } from 'waymark';

export const address = process.env['TEMPORAL_ADDRESS'] ?? '127.0.0.1:7233';
export const namespace = 'default';
export const taskQueue = process.env['TASK_QUEUE'] ?? 'hello';

/** Waits for Temporal, and registers what runs are found by. */
export const connect = (): Promise<ConnectedTemporal> =>
  connectTemporal({ address, namespace, connection: {} });
