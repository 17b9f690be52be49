// The same shapes as bench/tasks/workflows.ts, written with the SDK alone.
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type * as activities from './activities.ts';

const { nothing } = proxyActivities<typeof activities>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '10s',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

export async function bareOneCheckpoint(input: { n: number }): Promise<{ n: number }> {
  return nothing(input.n);
}
