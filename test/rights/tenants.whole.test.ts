import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Caller } from '../../src/contract/caller.ts';
import { ROLES } from '../../src/rights/rights.ts';
import { TaskService } from '../../src/service/task-service.ts';
import { CallCounter } from '../support/count-calls.ts';
import * as tasks from '../support/tasks/workflows.ts';
import { eventually, startWorker } from '../support/whole.ts';
import type { WholeTest } from '../support/whole.ts';

const calls = new CallCounter();
let whole: WholeTest;
let connection: Connection;
let service: TaskService<typeof tasks>;

// Tenants of this file alone: the server is shared.
const suffix = randomUUID().slice(0, 8);
const acme = `acme-${suffix}`;
const beta = `beta-${suffix}`;
const ann: Caller = { name: 'ann', tenant: acme, grants: [{ can: ROLES.operator }] };
const bob: Caller = { name: 'bob', tenant: beta, grants: [{ can: ROLES.admin }] };

beforeAll(async () => {
  whole = await startWorker();
  connection = await Connection.connect({
    address: inject('temporal').address,
    interceptors: [calls.interceptor],
  });
  const client = new Client({ connection });
  service = new TaskService<typeof tasks>({ client, tasks, taskQueue: whole.taskQueue });
});
afterAll(async () => {
  await service.close();
  await connection.close();
  await whole.stop();
});

const walk = { definition: 'walkSteps', input: { steps: 1, ms: 1 } } as const;

test('a run is its tenant’s, by its id, in the index, and for its share', async () => {
  const own = service.as({ ...ann, share: { weight: 2 } });
  const run = await own.trigger(walk);
  expect(run.id.startsWith(`${acme}~walkSteps-`)).toBe(true);
  const { raw } = await whole.client.workflow.getHandle(run.id).describe();
  expect(raw.workflowExecutionInfo?.priority).toMatchObject({
    fairnessKey: acme,
    fairnessWeight: 2,
  });
  await eventually(async () => {
    const { runs } = await own.list();
    expect(runs.map(({ id }) => id)).toEqual([run.id]);
  });
  expect(await service.as(bob).list()).toMatchObject({ runs: [] });
});

test('a tenant costs no call, and a foreign id makes none', async () => {
  const own = service.as(ann);
  const { result: run, made } = await calls.during(() => own.trigger(walk));
  expect(made).toEqual({ StartWorkflowExecution: 1 });
  expect((await calls.during(() => own.get(run.id))).made).toEqual({
    DescribeWorkflowExecution: 1,
  });
  const foreign = service.as(bob);
  const { result, made: none } = await calls.during(() =>
    Promise.allSettled([
      foreign.get(run.id),
      foreign.abort({ id: run.id }),
      foreign.terminate({ id: run.id }),
      foreign.delete(run.id),
      foreign.rerun({ id: run.id }),
      foreign.logs(run.id),
      foreign.tail(run.id).next(),
      foreign.watch(run.id).next(),
      foreign.trigger({ ...walk, parent: { id: run.id } }),
    ]),
  );
  expect(none).toEqual({});
  for (const one of result)
    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'TASK_RUN_NOT_FOUND' } });
});

test('an abort looks at the run no more often than without rights', async () => {
  const own = service.as(ann);
  const run = await own.trigger({ definition: 'takeNap', input: { ms: 60_000 } });
  const { made } = await calls.during(() => own.abort({ id: run.id, reason: 'Enough' }));
  expect(made).toMatchObject({ DescribeWorkflowExecution: 1, RequestCancelWorkflowExecution: 1 });
});

test('the same key is a run of each tenant', async () => {
  const key = randomUUID();
  const one = await service.as(ann).trigger({ ...walk, key });
  const other = await service.as(bob).trigger({ ...walk, key });
  expect([one.deduplicated, other.deduplicated]).toEqual([false, false]);
  expect(await service.as(ann).trigger({ ...walk, key })).toMatchObject({
    id: one.id,
    deduplicated: true,
  });
});

describe('children and iterations', () => {
  test('are their parent’s tenant’s', async () => {
    const parent = await service.as(ann).trigger({ definition: 'parentTask', input: {} });
    await eventually(async () => {
      const { runs } = await service.as(ann).list({ filter: { parent: [parent.id] } });
      expect(runs.map(({ id }) => id.startsWith(`${acme}~`))).toEqual([true]);
      const [child] = runs;
      const { raw } = await whole.client.workflow.getHandle(child?.id ?? '').describe();
      expect(raw.workflowExecutionInfo?.priority?.fairnessKey).toBe(acme);
    });
    expect(await service.as(bob).list({ filter: { parent: [parent.id] } })).toMatchObject({
      runs: [],
    });
  });

  test('stay listed over a chain', async () => {
    const own = service.as(ann);
    const run = await own.trigger({ definition: 'chainTask', input: { iterations: 2, lines: 1 } });
    await eventually(async () => {
      const { runs } = await own.list({ filter: { ids: [run.id] } });
      expect(runs).toMatchObject([{ iteration: 2, status: 'SUCCEEDED' }]);
    });
  });
});

test('grants that differ show exactly what each of them gives', async () => {
  const mixed = service.as({
    name: 'cat',
    tenant: acme,
    grants: [
      { can: ['read', 'trigger'], definitions: ['walk*'], own: true },
      { can: ['read'], definitions: ['chain*'] },
    ],
  });
  const mine = await mixed.trigger(walk);
  await eventually(async () => {
    const { runs } = await mixed.list();
    const definitions = runs.map(({ definition }) => definition);
    expect(definitions.toSorted()).toEqual(['chainTask', 'walkSteps']);
    expect(runs.some(({ id }) => id === mine.id)).toBe(true);
    expect(await mixed.count()).toBe(2);
    expect((await mixed.counts()).total).toBe(2);
  });
});

test('a cursor of one tenant is none of another', async () => {
  const { cursors } = await service.as(ann).list({ first: 1 });
  await expect(service.as(bob).list({ after: cursors[0] })).rejects.toMatchObject({
    code: 'INVALID_CURSOR',
  });
});
