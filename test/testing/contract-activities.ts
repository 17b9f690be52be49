import { activityInfo, ApplicationFailure } from '@temporalio/activity';
import { abortSignal, checkpoint } from '../../src/activities/checkpoint.ts';
import { log } from '../../src/activities/log.ts';
import { progress } from '../../src/activities/progress.ts';
import { ordersOf } from './orders.ts';

/** Does what the test orders for this run, until an order ends it or the run is aborted. */
export async function obey(): Promise<unknown> {
  const { workflowExecution } = activityInfo();
  const orders = ordersOf(workflowExecution?.workflowId ?? '');
  for (;;) {
    const order = await orders.next(abortSignal());
    await checkpoint();
    if (order?.type === 'log') log.info(order.message);
    if (order?.type === 'progress') progress({ done: order.done });
    if (order?.type === 'succeed') return order.output;
    if (order?.type === 'fail') throw ApplicationFailure.nonRetryable(order.message, 'Refused');
  }
}
