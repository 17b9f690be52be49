import { randomUUID } from 'node:crypto';
import { sameFields } from './same-fields.ts';
import type { Stage } from './stage.ts';
import { alternate, median, print, rate, ratio } from './stats.ts';

const ROUNDS = 5;
const RUNS = 60;
const IN_FLIGHT = 8;

/** One-checkpoint runs a second from trigger to end, beside the same shape without Waymark. */
export async function benchRuns({ client, service, bareQueue }: Stage): Promise<void> {
  const results = await alternate(ROUNDS, {
    bare: () =>
      rate(RUNS, IN_FLIGHT, (n) =>
        client.workflow.execute('bareOneCheckpoint', {
          workflowId: randomUUID(),
          taskQueue: bareQueue,
          args: [{ n }],
        }),
      ),
    same: () =>
      rate(RUNS, IN_FLIGHT, (n) =>
        client.workflow.execute('bareOneCheckpoint', {
          workflowId: randomUUID(),
          taskQueue: bareQueue,
          args: [{ n }],
          ...sameFields({ n }),
        }),
      ),
    ours: () =>
      rate(RUNS, IN_FLIGHT, async (n) => {
        const { id } = await service.trigger({ definition: 'oneCheckpoint', input: { n } });
        await client.workflow.getHandle(id).result();
      }),
  });
  const ours = ratio(results.ours, results.bare);
  print(
    `One-checkpoint runs, trigger to end, ${IN_FLIGHT} in flight, ${ROUNDS} rounds of ${RUNS}`,
    [
      { what: 'bare workflow and activity', measured: `${median(results.bare).toFixed(1)}/s` },
      {
        what: 'the same with our memo and attributes',
        measured: `${median(results.same).toFixed(1)}/s`,
      },
      { what: 'ours', measured: `${median(results.ours).toFixed(1)}/s` },
      { what: 'ours / bare', measured: ours.toFixed(2), target: '≥ 0.9', met: ours >= 0.9 },
      {
        what: 'ours / bare with our memo and attributes',
        measured: ratio(results.ours, results.same).toFixed(2),
      },
    ],
  );
}
