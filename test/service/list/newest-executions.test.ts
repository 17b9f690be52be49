import { msToTs } from '@temporalio/common/lib/time.js';
import { expect, test } from 'vitest';
import { NewestExecutions } from '../../../src/service/list/newest-executions.ts';

const rowOf = (workflowId: string, start: string) => ({
  execution: { workflowId, runId: '' },
  startTime: msToTs(Date.parse(start)),
});

function index(answer: () => readonly ReturnType<typeof rowOf>[], every?: number) {
  const asked: string[] = [];
  const visibility = {
    rate: 8,
    deadline: 5000,
    async list(query: string) {
      asked.push(query);
      return { rows: query.includes('TemporalChangeVersion') ? answer() : [], next: null };
    },
    async count(query: string) {
      asked.push(query);
      return { count: 0, groups: new Map() };
    },
  };
  const lists = new NewestExecutions(visibility, every);
  return { lists, asked };
}

test('queries are as they were while no run was reset, and one question tells', async () => {
  const { lists, asked } = index(() => []);
  await lists.list('A', 1);
  await lists.count('B GROUP BY C');
  expect(asked.slice(1)).toEqual(['A', 'B GROUP BY C']);
});

test('it is asked again as often as is said', async () => {
  const { lists, asked } = index(() => [], 0);
  await lists.list('A', 1);
  await lists.list('A', 1);
  expect(asked).toEqual([expect.any(String), 'A', asked[0], 'A']);
});

test('of a run that was reset there is only what started since the last reset', async () => {
  const { lists, asked } = index(() => [
    rowOf('a', '2026-01-02T00:00:00Z'),
    rowOf('a', '2026-01-01T00:00:00Z'),
    rowOf("it's", '2026-01-01T00:00:00Z'),
  ]);
  await lists.count('B GROUP BY C');
  expect(asked.at(-1)).toBe(
    "(WorkflowId != 'a' OR StartTime >= '2026-01-02T00:00:00.000Z') AND B GROUP BY C",
  );
});

test('lists are answered while Temporal cannot tell, and it is not asked again for each', async () => {
  const { lists, asked } = index(() => {
    throw new Error('refused');
  });
  await lists.list('A', 1);
  await lists.list('A', 1);
  expect(asked.slice(1)).toEqual(['A', 'A']);
});
