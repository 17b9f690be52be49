import { randomUUID } from 'node:crypto';
import type { Stage } from './stage.ts';
import { print } from './stats.ts';
import type { Row } from './stats.ts';

/** What does not depend on the machine: calls to Temporal of each operation, history events of a run. */
export async function benchCounts(stage: Stage): Promise<void> {
  const { client, service, idleService, calls, bareQueue } = stage;
  const rows: Row[] = [];
  const count = async <R>(what: string, most: number, operation: () => Promise<R>): Promise<R> => {
    const { result, made } = await calls.during(operation);
    const total = Object.values(made).reduce((sum, calls) => sum + calls, 0);
    rows.push({
      what: `calls: ${what}`,
      measured: String(total),
      target: `≤ ${most}`,
      met: total <= most,
    });
    return result;
  };
  const key = randomUUID();
  const request = { definition: 'oneCheckpoint', input: { n: 1 } } as const;
  const idle = await count('trigger', 1, () => idleService.trigger(request));
  await count('trigger with a key', 1, () => idleService.trigger({ ...request, key }));
  await count('trigger with the same key', 2, () => idleService.trigger({ ...request, key }));
  await count('get', 1, () => idleService.get(idle.id));
  // Whose request it is, is read from what was recorded.
  await count('abort', 3, () => idleService.abort({ id: idle.id }));
  await count('terminate: one to see it, one to end it, one to see how', 3, () =>
    idleService.terminate({ id: idle.id }),
  );
  const run = await service.trigger(request);
  await client.workflow.getHandle(run.id).result();
  const closed = await service.get(run.id);
  await count('outcome of a closed run', 1, () => service.outcome(closed));
  await count('outcome of a closed run, again', 0, () => service.outcome(closed));
  await count('input of at most 1 KiB', 0, () => service.input(closed));
  // The first also asks for the runs that were reset, as lists do once in 5 s.
  await count('first page of 50, the first in a while', 2, () => service.list());
  await count('first page of 50', 1, () => service.list());
  const bareId = randomUUID();
  await client.workflow.execute('bareOneCheckpoint', {
    workflowId: bareId,
    taskQueue: bareQueue,
    args: [{ n: 1 }],
  });
  const eventsOf = async (id: string): Promise<number> =>
    (await client.workflow.getHandle(id).fetchHistory()).events?.length ?? 0;
  const [bare, ours] = [await eventsOf(bareId), await eventsOf(run.id)];
  rows.push(
    { what: 'history events: bare one-activity run', measured: String(bare) },
    {
      what: 'history events: ours, with one checkpoint and its log',
      measured: String(ours),
      target: `= ${bare}`,
      met: ours === bare,
    },
  );
  print('Counts', rows);
}
