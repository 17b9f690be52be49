import type { ConnectionLike } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { TaskError } from '../../../src/contract/task-error.ts';
import { askingFor } from '../../../src/metering/asking-for.ts';
import { Visibility } from '../../../src/service/temporal/visibility.ts';
import { grpcError } from '../../support/grpc-error.ts';

/** A connection whose every call is answered by `answer`, called with its number. */
function visibilityOver(
  answer: (call: number) => Promise<unknown> = async () => ({ count: 1, groups: [] }),
  options: { readonly rate?: number; readonly deadline?: number } = {},
) {
  const calls: unknown[] = [];
  const ask = (request: unknown): Promise<unknown> => answer(calls.push(request));
  const connection = {
    withDeadline: (_: number, call: () => Promise<unknown>) => call(),
    workflowService: { countWorkflowExecutions: ask, listWorkflowExecutions: ask },
  } as unknown as ConnectionLike;
  return {
    calls,
    visibility: new Visibility({ connection, namespace: 'default', rate: 100, ...options }),
  };
}
const never = (): Promise<never> => new Promise(() => undefined);

describe('the rate', () => {
  test('is kept by waiting, and beyond a second by a typed error', async () => {
    const { visibility, calls } = visibilityOver(undefined, { rate: 20 });
    const answers = await Promise.allSettled(
      Array.from({ length: 60 }, (_, i) => visibility.count(`q${i}`)),
    );
    const refused = answers.filter(({ status }) => status === 'rejected');
    expect(calls.length).toBe(60 - refused.length);
    expect(calls.length).toBeLessThanOrEqual(42);
    for (const { reason } of refused as PromiseRejectedResult[])
      expect(reason).toMatchObject({
        code: 'RATE_LIMITED',
        details: { retryAfter: expect.any(Number) },
      });
  });

  test('is shared by tenants, and within one by its callers: whoever asks a lot waits for himself', async () => {
    const { visibility, calls } = visibilityOver(
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return { count: 1, groups: [] };
      },
      { rate: 40 },
    );
    const refused: Record<string, number> = {};
    const codes = new Set<string>();
    const ask = async (tenant: string, caller: string, query: string): Promise<boolean> => {
      try {
        await askingFor(tenant, caller, () => visibility.count(query));
        return true;
      } catch (error) {
        codes.add((error as TaskError).code);
        refused[caller] = (refused[caller] ?? 0) + 1;
        return false;
      }
    };
    const over = new AbortController();
    let n = 0;
    const flood = Array.from({ length: 100 }, async () => {
      while (!over.signal.aborted)
        if (!(await ask('acme', 'noisy', `noisy ${n++}`))) await sleep(20);
    });
    await sleep(500);
    const quiet = [];
    for (let at = 0; at < 10; at++) quiet.push(await ask('beta', 'quiet', `quiet ${at}`));
    const colleague = [];
    for (let at = 0; at < 10; at++)
      colleague.push(await ask('acme', 'colleague', `colleague ${at}`));
    over.abort();
    await Promise.all(flood);
    expect(quiet.filter(Boolean)).toHaveLength(10);
    expect(colleague.filter(Boolean)).toHaveLength(10);
    expect(Object.keys(refused)).toEqual(['noisy']);
    expect([...codes]).toEqual(['RATE_LIMITED']);
    expect(calls.length).toBeGreaterThan(20);
  });

  test('that Temporal says is exceeded is told at once, and ends the burst', async () => {
    const { visibility, calls } = visibilityOver(
      async (call) => {
        if (call === 1) throw grpcError(8, 'namespace rate limit exceeded');
        return { count: 1, groups: [] };
      },
      { rate: 2 },
    );
    await expect(visibility.count('a')).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      details: { retryAfter: 1 },
    });
    expect(calls).toHaveLength(1);
    const asked = performance.now();
    await visibility.count('b');
    expect(performance.now() - asked).toBeGreaterThan(300);
  });
});

test('equal questions in flight are one call, different ones are not', async () => {
  const { visibility, calls } = visibilityOver();
  const same = Array.from({ length: 10 }, () => visibility.count('a'));
  expect(
    (await Promise.all([...same, visibility.count('b')])).map(({ count }) => count),
  ).toHaveLength(11);
  expect(calls).toHaveLength(2);
  await visibility.count('a');
  expect(calls).toHaveLength(3);
});

test('a server that is away for a moment is asked once more', async () => {
  const { visibility, calls } = visibilityOver(async (call) => {
    if (call === 1) throw grpcError(14, 'away');
    return { count: 7, groups: [] };
  });
  expect(await visibility.count('a')).toMatchObject({ count: 7 });
  expect(calls).toHaveLength(2);
});

test('a server that stays away is UNAVAILABLE after the second try', async () => {
  const { visibility, calls } = visibilityOver(() => Promise.reject(grpcError(14, 'away')));
  await expect(visibility.count('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(calls).toHaveLength(2);
});

test('a call that is never answered ends at its deadline', async () => {
  const { visibility } = visibilityOver(never, { deadline: 50 });
  await expect(visibility.list('a', 10)).rejects.toMatchObject({ code: 'TIMEOUT' });
});

test('large pages are read two at a time, small ones beside them', async () => {
  const { visibility, calls } = visibilityOver(never, { deadline: 300 });
  const asked = [1, 2, 3, 4].map((size) => visibility.list('a', 500 + size));
  asked.push(visibility.list('a', 50));
  const answers = Promise.allSettled(asked);
  expect(calls).toMatchObject([{ pageSize: 501 }, { pageSize: 502 }, { pageSize: 50 }]);
  for (const answer of await answers) expect(answer).toMatchObject({ reason: { code: 'TIMEOUT' } });
});
