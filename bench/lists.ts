import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TaskRunPage } from '../src/contract/tasks.ts';
import type { Stage } from './stage.ts';
import { median, print, ratio, spread } from './stats.ts';

const run = promisify(execFile);
const SEED = fileURLToPath(new URL('./seed_runs.py', import.meta.url));
const ROUNDS = 40;

/** Pages of 50 at 10,000 and 100,000 runs, beside the raw list call for as many rows. */
export async function benchLists(stage: Stage): Promise<void> {
  const { id } = await stage.idleService.trigger({ definition: 'oneCheckpoint', input: { n: 1 } });
  let seeded = 0;
  const ours: number[] = [];
  for (const runs of [10_000, 100_000]) {
    console.log(`\nSeeding the index with ${runs} runs (about 3 ms each) …`);
    await run('python3', [SEED, stage.database, id, String(seeded), String(runs)]);
    seeded = runs;
    ours.push(await measure(stage, runs));
  }
  const growth = (ours[1] ?? Number.NaN) / (ours[0] ?? Number.NaN);
  print('Growth of a page', [
    {
      what: '100,000 / 10,000 runs, p50',
      measured: growth.toFixed(2),
      target: '≤ 1.6',
      met: growth <= 1.6,
    },
  ]);
}

/** Answers the median of our later pages. The three are asked in turn, so that a slow minute hits all of them. */
async function measure({ client, service, calls }: Stage, runs: number): Promise<number> {
  const raw: number[] = [];
  const first: number[] = [];
  const later: number[] = [];
  let made = 0;
  let after: string | null = null;
  for (let round = 0; round < ROUNDS; round++) {
    raw.push(
      await timed(() =>
        client.workflowService.listWorkflowExecutions({
          namespace: 'default',
          query: "ExecutionStatus != 'ContinuedAsNew'",
          pageSize: 50,
        }),
      ),
    );
    let page: TaskRunPage | undefined;
    first.push(
      await timed(async () => {
        page = await service.list();
      }),
    );
    const from: string | null | undefined = after ?? page?.endCursor;
    const { made: perMethod } = await calls.during(async () => {
      later.push(
        await timed(async () => {
          page = await service.list({ after: from ?? undefined });
        }),
      );
    });
    made += Object.values(perMethod).reduce((sum, count) => sum + count, 0);
    after = page?.endCursor ?? null;
  }
  const [firstShare, share] = [ratio(first, raw), ratio(later, raw)];
  print(`List, ${runs} runs, pages of 50, ${ROUNDS} rounds, median / p99`, [
    { what: 'raw list call', measured: spread(raw) },
    { what: 'our first page', measured: spread(first) },
    { what: 'our later pages', measured: spread(later) },
    {
      what: 'first / raw',
      measured: firstShare.toFixed(2),
      target: '≤ 1.3',
      met: firstShare <= 1.3,
    },
    { what: 'later / raw', measured: share.toFixed(2), target: '≤ 1.3', met: share <= 1.3 },
    { what: 'calls a later page', measured: (made / later.length).toFixed(2) },
  ]);
  return median(later);
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await act();
  return performance.now() - began;
}
