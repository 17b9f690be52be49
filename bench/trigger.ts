import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { ask, TRIGGER } from './ask.ts';
import { sameFields } from './same-fields.ts';
import type { Stage } from './stage.ts';
import { alternate, median, print, rate, ratio } from './stats.ts';

const ROUNDS = 7;
const STARTS = 150;
const IN_FLIGHT = 32;

/** Starts a second, with no worker that takes them: ours beside the bare client, in turn, on one server. */
export async function benchTrigger({ client, idleService, idleQueue, url }: Stage): Promise<void> {
  const input = { n: 1 };
  const bare = (fields: object) => () =>
    rate(STARTS, IN_FLIGHT, () =>
      client.workflow.start('oneCheckpoint', {
        workflowId: randomUUID(),
        taskQueue: idleQueue,
        args: [input],
        ...fields,
      }),
    );
  const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });
  const results = await alternate(ROUNDS, {
    plain: bare({}),
    same: bare(sameFields(input)),
    service: () =>
      rate(STARTS, IN_FLIGHT, () => idleService.trigger({ definition: 'oneCheckpoint', input })),
    graphql: () => rate(STARTS, IN_FLIGHT, () => ask(TRIGGER, { url, agent })),
  });
  agent.destroy();
  const perSecond = (name: keyof typeof results): string => `${median(results[name]).toFixed(0)}/s`;
  const service = ratio(results.service, results.same);
  const graphql = ratio(results.graphql, results.same);
  print(`Trigger, ${IN_FLIGHT} in flight, ${ROUNDS} rounds of ${STARTS}`, [
    { what: 'bare client.workflow.start, no memo, no attributes', measured: perSecond('plain') },
    { what: 'bare client.workflow.start, same memo and attributes', measured: perSecond('same') },
    { what: 'TaskService.trigger', measured: perSecond('service') },
    { what: 'GraphQL triggerTask', measured: perSecond('graphql') },
    {
      what: 'TaskService.trigger / bare with the same',
      measured: service.toFixed(2),
      target: '≥ 0.95',
      met: service >= 0.95,
    },
    {
      what: 'GraphQL triggerTask / bare with the same',
      measured: graphql.toFixed(2),
      target: '≥ 0.85',
      met: graphql >= 0.85,
    },
    {
      what: 'TaskService.trigger / bare without',
      measured: ratio(results.service, results.plain).toFixed(2),
    },
  ]);
}
