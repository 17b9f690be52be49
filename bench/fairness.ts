import { fileURLToPath } from 'node:url';
import { NativeConnection } from '@temporalio/worker';
import type { Caller } from '../src/contract/caller.ts';
import { ROLES } from '../src/rights/rights.ts';
import { TaskService } from '../src/service/task-service.ts';
import { createTaskWorker } from '../src/worker/create-task-worker.ts';
import type { Stage } from './stage.ts';
import { median, print, rate } from './stats.ts';
import * as activities from './tasks/activities.ts';
import * as tasks from './tasks/workflows.ts';

const NOISY = 200;
const QUIET = 20;
const MOST = 40;

/** Where the runs of a tenant come in that triggers after another one has filled the queue, with one slot for all. */
export async function benchFairness({ address, client }: Stage): Promise<void> {
  const taskQueue = `bench-fairness-${Date.now()}`;
  const service = new TaskService<typeof tasks>({ client, tasks, taskQueue });
  const trigger = async (tenant: string, count: number): Promise<readonly string[]> => {
    const caller: Caller = { name: 'bench', tenant, grants: [{ can: ROLES.operator }] };
    const own = service.as(caller);
    const ids: string[] = [];
    await rate(count, 20, async (n) => {
      ids.push((await own.trigger({ definition: 'oneCheckpoint', input: { n } })).id);
    });
    return ids;
  };
  const noisy = await trigger('noisy', NOISY);
  const quiet = new Set(await trigger('quiet', QUIET));
  const connection = await NativeConnection.connect({ address });
  const worker = await createTaskWorker({
    connection,
    taskQueue,
    workflowsPath: fileURLToPath(new URL('./tasks/workflows.ts', import.meta.url)),
    activities,
    maxConcurrentActivityTaskExecutions: 1,
  });
  const running = worker.run();
  const began = new Map<string, number>();
  await rate(NOISY + QUIET, 20, async (n) => {
    const id = [...noisy, ...quiet][n] ?? '';
    const handle = client.workflow.getHandle(id);
    await handle.result();
    began.set(id, await startOf(handle));
  });
  worker.shutdown();
  await running;
  await connection.close();
  await service.close();
  const order = [...began].toSorted(([, a], [, b]) => a - b).map(([id]) => id);
  const places = order.flatMap((id, at) => (quiet.has(id) ? at + 1 : []));
  const middle = median(places);
  print(`Fairness, ${NOISY} runs of a tenant, then ${QUIET} of another, one slot`, [
    {
      what: `median place of the later tenant's, of ${NOISY + QUIET}`,
      measured: String(middle),
      target: `≤ ${MOST}`,
      met: middle <= MOST,
    },
    { what: 'first and last place', measured: `${places[0]} and ${places.at(-1)}` },
  ]);
}

/** Milliseconds since 1970 at which its activity began. */
async function startOf(
  handle: ReturnType<Stage['client']['workflow']['getHandle']>,
): Promise<number> {
  const { events } = await handle.fetchHistory();
  const started = events?.find((event) => event.activityTaskStartedEventAttributes);
  return Number(started?.eventTime?.seconds) * 1000 + Number(started?.eventTime?.nanos) / 1e6;
}
