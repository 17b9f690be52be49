import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from './stage.ts';
import { median, print, spread } from './stats.ts';
import { aborted, entered } from './tasks/activities.ts';

const ABORTS = 40;

/** From `abort` sent to the AbortSignal in the activity, and to the run's end. */
export async function benchAbort({ client, service }: Stage): Promise<void> {
  const toSignal: number[] = [];
  const toEnd: number[] = [];
  for (let n = 0; n < ABORTS; n++) {
    const token = randomUUID();
    const { id } = await service.trigger({ definition: 'abortable', input: { token } });
    while (!entered.has(token)) await sleep(5);
    const sent = performance.now();
    await service.abort({ id, reason: 'bench' });
    await client.workflow
      .getHandle(id)
      .result()
      .catch(() => undefined);
    toEnd.push(performance.now() - sent);
    toSignal.push((aborted.get(token) ?? Number.NaN) - sent);
  }
  print(`Abort of a running activity, ${ABORTS} times, median / p99`, [
    {
      what: 'sent to AbortSignal in the activity',
      measured: spread(toSignal),
      target: 'p50 ≤ 60 ms',
      met: median(toSignal) <= 60,
    },
    { what: 'sent to run closed', measured: spread(toEnd) },
  ]);
}
