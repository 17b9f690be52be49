import { randomUUID } from 'node:crypto';
import type { Stage } from './stage.ts';
import { print, spread } from './stats.ts';
import { entered } from './tasks/activities.ts';

const RUNS = 20;

/** From `trigger` sent to the activity's body, and to its first line at a viewer. */
export async function benchFirstLine({ service }: Stage): Promise<void> {
  const toBody: number[] = [];
  const toLine: number[] = [];
  for (let n = 0; n < RUNS; n++) {
    const token = randomUUID();
    const sent = performance.now();
    const { id } = await service.trigger({ definition: 'oneLine', input: { token } });
    for await (const event of service.tail(id))
      if (event.type === 'LINE' && event.line.message === token)
        toLine.push(performance.now() - sent);
    toBody.push((entered.get(token) ?? Number.NaN) - sent);
  }
  print(`First line, ${RUNS} runs, median / p99`, [
    { what: 'trigger sent to activity entered', measured: spread(toBody) },
    { what: 'trigger sent to its first line at a viewer', measured: spread(toLine) },
  ]);
}
