import { msToNumber } from '@temporalio/common/lib/time.js';
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { ActivityInterfaceFor, ActivityOptions } from '@temporalio/workflow';

/**
 * Activities as checkpoints of the run: an abort waits until they have stopped, a dead worker is noticed within
 * 4.5 s, and an attempt that fails is followed by another, 10 in all. Each option can be given otherwise; work that
 * blocks its process for more than 2.5 s at a time needs a longer `heartbeatTimeout`.
 */
export function proxyCheckpoints<A>(options: ActivityOptions = {}): ActivityInterfaceFor<A> {
  const { retry, ...others } = options;
  return proxyActivities<A>({
    startToCloseTimeout: '24 hours',
    // With the second before the next attempt, a run goes on within 6 s of its worker's death.
    heartbeatTimeout: '4.5 seconds',
    // Written out: the SDK's own default is another one than its documentation says.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      initialInterval: '1 second',
      backoffCoefficient: 2,
      // Temporal refuses, again and again, to schedule an activity whose first interval is the longer one.
      maximumInterval: Math.max(MINUTE, msToNumber(retry?.initialInterval ?? 0)),
      maximumAttempts: 10,
      ...retry,
    },
    ...others,
  });
}

const MINUTE = 60_000;
