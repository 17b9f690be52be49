import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LIMITS } from '../../src/contract/limits.ts';
import { TaskService } from '../../src/service/task-service.ts';
import * as tasks from '../support/tasks/workflows.ts';
import { connect } from '../support/whole.ts';
import { spawnGateway } from './log-viewer.ts';

const MiB = 1024 * 1024;
const TAG = `budget-${Date.now()}`;
let small: string;
let stop: () => Promise<void>;

beforeAll(async () => {
  const connected = await connect();
  const service = new TaskService({ client: connected.client, tasks, taskQueue: TAG });
  for (let i = 0; i < 20; i++)
    await service.trigger({
      definition: 'testingRun',
      input: { text: 'x'.repeat(1_000_000) },
      tags: [TAG],
    });
  ({ id: small } = await service.trigger({ definition: 'testingRun', input: {} }));
  stop = async () => {
    await service.close();
    await connected.stop();
  };
});
afterAll(() => stop());

const filter = `filter: { tags: { all: ["${TAG}"] } }`;
const worst = `{ ${Array.from({ length: 20 }, (_, n) => `a${n}: taskRuns(first: 20, ${filter}) { nodes { input } }`).join(' ')} }`;

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

test('while the largest answers are asked for ten at a time the process stays small and serves others', async () => {
  const { http, program } = await spawnGateway();
  const over = new AbortController();
  const others = (async () => {
    while (!over.signal.aborted) {
      expect((await fetch(`${http}/healthz`)).status).toBe(200);
      const { data, errors } = JSON.parse(
        await post(http, `{ taskRun(id: "${small}") { status } }`),
      );
      expect(errors).toBeUndefined();
      expect(data.taskRun.status).toBe('PENDING');
    }
  })();
  const ask = async (): Promise<void> => {
    for (let round = 0; round < 5; round++) {
      const answer = await post(http, worst);
      expect(answer.length).toBeLessThan(LIMITS.operation.answer + MiB);
      expect(answer).toMatch(/LIMIT_EXCEEDED|RATE_LIMITED/);
    }
  };
  await Promise.all(Array.from({ length: 10 }, ask));
  over.abort();
  await others;
  const peak = await peakOf(program.pid);
  expect(peak).toBeLessThan(1024 * MiB);
});
