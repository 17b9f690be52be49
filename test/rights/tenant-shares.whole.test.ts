// What one tenant takes of what all share, over a real Temporal. Nobody works: runs stay open until they are terminated.
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Caller } from '../../src/contract/caller.ts';
import { ROLES } from '../../src/rights/rights.ts';
import { TaskService } from '../../src/service/task-service.ts';
import * as tasks from '../support/tasks/workflows.ts';
import { connect, eventually } from '../support/whole.ts';

let client: Client;
let close: () => Promise<void>;
const services: TaskService<typeof tasks>[] = [];
const open = (options: { readonly visibilityRate?: number } = {}): TaskService<typeof tasks> => {
  const service = new TaskService({
    client,
    tasks,
    taskQueue: `nobody-${randomUUID()}`,
    visibilityRate: 100,
    ...options,
  });
  services.push(service);
  return service;
};
const callerOf = (tenant: string, share: Caller['share'] = {}, name = 'ann'): Caller => ({
  name,
  tenant: `${tenant}-${SUFFIX}`,
  grants: [{ can: ROLES.admin }],
  share,
});
const SUFFIX = randomUUID().slice(0, 8);
beforeAll(async () => {
  ({ client, stop: close } = await connect());
});
afterAll(async () => {
  await Promise.all(services.map((service) => service.close()));
  await close();
});

const walk = { definition: 'walkSteps', input: { steps: 1, ms: 1 } } as const;
type Own = ReturnType<TaskService<typeof tasks>['as']>;
/** Ids of what is started of so many at once; what is not is refused for the one reason. */
async function started(own: Own, asked: number): Promise<readonly string[]> {
  const answers = await Promise.allSettled(Array.from({ length: asked }, () => own.trigger(walk)));
  return answers.flatMap((answer) => {
    if (answer.status === 'fulfilled') return answer.value.id;
    expect(answer.reason).toMatchObject({
      code: 'RATE_LIMITED',
      details: { limit: 'openRuns', retryAfter: 2 },
    });
    return [];
  });
}
const end = async (own: Own, ids: readonly string[]): Promise<void> => {
  await Promise.all(ids.map((id) => own.terminate({ id, reason: 'the test needs it closed' })));
};

test('a tenant that may have five runs open has five, of twenty at once and later', async () => {
  const service = open();
  const acme = service.as(callerOf('acme', { open: 5 }));
  const ids = [...(await started(acme, 20))];
  expect(ids).toHaveLength(5);
  // Until the index tells of them, and after.
  const began = Date.now();
  while (Date.now() - began < 6000) expect(await started(acme, 3)).toEqual([]);
  // Others have room, and what is not limited is not.
  expect(await started(service.as(callerOf('beta', { open: 5 })), 5)).toHaveLength(5);
  expect(await started(service.as(callerOf('gamma')), 20)).toHaveLength(20);

  await end(acme, ids.splice(0, 2));
  await eventually(async () => {
    ids.push(...(await started(acme, 20)));
    expect(ids).toHaveLength(5);
  });
  await eventually(async () => {
    expect(await acme.count({ status: ['PENDING', 'RUNNING', 'ABORTING'] })).toBe(5);
  });
  await end(acme, ids);
});

test('two gateways start at most twice as many, and no more once the index tells', async () => {
  const [one, other] = [open(), open()].map((service) =>
    service.as(callerOf('delta', { open: 5 })),
  ) as [Own, Own];
  const both = await Promise.all([started(one, 20), started(other, 20)]);
  const ids = both.flat();
  expect(ids.length).toBeGreaterThanOrEqual(5);
  expect(ids.length).toBeLessThanOrEqual(10);
  await new Promise((resolve) => setTimeout(resolve, 5000));
  expect(await Promise.all([started(one, 5), started(other, 5)])).toEqual([[], []]);
  await end(one, ids);
});

test('a tenant whose consoles ask for more than Temporal allows keeps its colleagues and others out of nothing', async () => {
  const service = open({ visibilityRate: 20 });
  const noisy = service.as(callerOf('acme'));
  const refused = new Set<string>();
  const over = new AbortController();
  let [asked, turnedDown] = [0, 0];
  const flood = Array.from({ length: 60 }, async () => {
    while (!over.signal.aborted)
      try {
        await noisy.list({ filter: { ids: [`${asked++}`] } });
      } catch (error) {
        turnedDown++;
        refused.add((error as { code: string }).code);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
  });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const others = [service.as(callerOf('beta')), service.as(callerOf('acme', {}, 'colleague'))];
  let served = 0;
  for (const own of others)
    for (let n = 0; n < 8; n++) {
      await own.list({ filter: { ids: [`quiet ${n}`] } });
      served++;
    }
  over.abort();
  await Promise.all(flood);
  expect(served).toBe(16);
  expect(turnedDown).toBeGreaterThan(0);
  expect([...refused]).toEqual(['RATE_LIMITED']);
});
