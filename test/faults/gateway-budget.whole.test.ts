import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LIMITS } from '../../src/contract/limits.ts';
import { TaskService } from '../../src/service/task-service.ts';
import { startOwnTemporal } from '../support/own-temporal.ts';
import * as tasks from '../support/tasks/workflows.ts';
import { connect } from '../support/whole.ts';
import { spawnGateway } from './log-client.ts';

const MiB = 1024 * 1024;
const TAG = `budget-${Date.now()}`;
let small: string;
let address: string;
let stop: () => Promise<void>;

beforeAll(async () => {
  // 40 MB of input would stand in the lists of all other tests.
  const temporal = await startOwnTemporal();
  ({ address } = temporal);
  const connected = await connect(address);
  const service = new TaskService({ client: connected.client, tasks, taskQueue: TAG });
  for (let i = 0; i < 20; i++)
    await service.trigger({
      definition: 'testingRun',
      input: { text: 'x'.repeat(1_000_000) },
      tags: [TAG],
    });
  for (let i = 0; i < 20; i++)
    await service.trigger({
      definition: 'testingRun',
      input: Array.from({ length: 400_000 }, (_, n) => n % 10),
      tags: [`${TAG}-values`],
    });
  ({ id: small } = await service.trigger({ definition: 'testingRun', input: {} }));
  stop = async () => {
    await service.close();
    await connected.stop();
    await temporal.stop();
  };
});
afterAll(() => stop());

const twenty = (each: string): string =>
  `{ ${Array.from({ length: 20 }, (_, n) => `a${n}: ${each}`).join(' ')} }`;
const inputsOf = (tag: string): string =>
  twenty(`taskRuns(first: 20, filter: { tags: { all: ["${tag}"] } }) { nodes { input } }`);
/** Legal documents that take most: long texts, a million small values, a schema twenty times over. */
const WORST = {
  texts: inputsOf(TAG),
  values: inputsOf(`${TAG}-values`),
  schema: twenty(
    '__schema { types { name description fields { name description args { name description type { name } } type { name ofType { name kind } } } } }',
  ),
};

async function post(http: string, query: string): Promise<string> {
  const response = await fetch(`${http}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return await response.text();
}

/** The most memory that the process ever had. */
async function peakOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** Milliseconds in which `/healthz` answered at worst, while that was done. */
async function worstHealth(http: string, work: () => Promise<unknown>): Promise<number> {
  const over = new AbortController();
  let worst = 0;
  const others = (async () => {
    while (!over.signal.aborted) {
      const began = performance.now();
      expect((await fetch(`${http}/healthz`)).status).toBe(200);
      worst = Math.max(worst, performance.now() - began);
      const { data, errors } = JSON.parse(
        await post(http, `{ taskRun(id: "${small}") { status } }`),
      );
      expect(errors).toBeUndefined();
      expect(data.taskRun.status).toBe('PENDING');
    }
  })();
  await work();
  over.abort();
  await others;
  return worst;
}

/** Milliseconds that the slowest of so many took, one after another. */
async function longestOf(times: number, work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  for (let time = 0; time < times; time++) {
    const began = performance.now();
    await work();
    longest = Math.max(longest, performance.now() - began);
  }
  return longest;
}

test.each(Object.entries(WORST))(
  'while the largest %s are asked for ten at a time the process stays small and serves others',
  async (name, document) => {
    const { http, program } = await spawnGateway(address);
    const ask = async (): Promise<void> => {
      const answer = await post(http, document);
      expect(answer.length).toBeLessThan(LIMITS.operation.answer + MiB);
      if (name !== 'schema') expect(answer).toMatch(/LIMIT_EXCEEDED|RATE_LIMITED/);
    };
    const alone = await longestOf(3, ask);
    const crowded = await worstHealth(http, async () => {
      for (let round = 0; round < 3; round++) await Promise.all(Array.from({ length: 10 }, ask));
    });
    // On a machine that is slow by itself, no more than a few of the thirty stand in the way.
    expect(crowded).toBeLessThan(Math.max(250, 3 * alone));
    expect(await peakOf(program.pid)).toBeLessThan(1024 * MiB);
  },
);
