import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Stage } from './stage.ts';
import { median, print, quantile } from './stats.ts';
import type { Row } from './stats.ts';

const run = promisify(execFile);
const SEED = fileURLToPath(new URL('./seed_runs.py', import.meta.url));
const ROUNDS = 40;
const DEEP = 20;

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

/** Answers the median of our page. */
async function measure({ client, service, calls }: Stage, runs: number): Promise<number> {
  const raw: number[] = [];
  const ours: number[] = [];
  let made = 0;
  const firsts: number[] = [];
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
    firsts.push(await timed(() => service.list()));
  }
  let after = (await service.list()).endCursor;
  for (let page = 0; page < DEEP && after !== null; page++) {
    const from = after;
    const { result, made: perMethod } = await calls.during(async () => {
      const began = performance.now();
      const next = await service.list({ after: from });
      ours.push(performance.now() - began);
      return next;
    });
    made += Object.values(perMethod).reduce((sum, count) => sum + count, 0);
    after = result.endCursor;
  }
  const share = median(ours) / median(raw);
  const rows: Row[] = [
    { what: 'raw list call of 50', measured: inMs(raw) },
    { what: 'our first page of 50', measured: inMs(firsts) },
    { what: 'our later pages of 50', measured: inMs(ours) },
    {
      what: 'later page / raw, p50',
      measured: share.toFixed(2),
      target: '≤ 1.3',
      met: share <= 1.3,
    },
    { what: 'calls a later page', measured: (made / ours.length).toFixed(2) },
  ];
  print(`List, ${runs} runs, median / p99`, rows);
  return median(ours);
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await act();
  return performance.now() - began;
}

const inMs = (samples: readonly number[]): string =>
  `${median(samples).toFixed(1)} / ${quantile(samples, 0.99).toFixed(1)} ms`;
