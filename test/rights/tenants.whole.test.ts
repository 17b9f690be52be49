import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
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

const TENANT = defineSearchAttributeKey('TaskTenant', 'KEYWORD');
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
      foreign.resume({ id: run.id }),
      foreign.checkpoint(run),
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

/** Each link of what fits. */
async function executionsOf(query: string) {
  const found = [];
  for await (const one of whole.client.workflow.list({ query })) found.push(one);
  return found;
}

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

  test('are in the index and the share of it in each link, down to the children of children', async () => {
    const own = service.as({ ...ann, share: { weight: 2 } });
    const run = await own.trigger({ definition: 'repeatedParent', input: { iterations: 3 } });
    await eventually(async () => expect((await own.get(run.id)).status).toBe('SUCCEEDED'));
    const family = await eventually(async () => {
      const links = await executionsOf(`WorkflowId = '${run.id}'`);
      expect(links).toHaveLength(3);
      const children = await executionsOf(`TaskParent = '${run.id}'`);
      expect(children.map(({ type }) => type).toSorted()).toEqual([
        ...Array<string>(3).fill('parentTask'),
        ...Array<string>(3).fill('walkSteps'),
      ]);
      const parents = children.filter(({ type }) => type === 'parentTask');
      const ids = parents.map(({ workflowId }) => `'${workflowId}'`);
      const grandchildren = await executionsOf(`TaskParent IN (${ids.join(', ')})`);
      expect(grandchildren).toHaveLength(3);
      return [...links, ...children, ...grandchildren];
    });
    for (const { type, workflowId, runId } of family) {
      const { raw, typedSearchAttributes } = await whole.client.workflow
        .getHandle(workflowId, runId)
        .describe();
      expect({
        type,
        isWithin: workflowId.startsWith(`${acme}~`),
        tenant: typedSearchAttributes.get(TENANT),
        priority: raw.workflowExecutionInfo?.priority,
      }).toMatchObject({
        type,
        isWithin: true,
        tenant: acme,
        priority: { fairnessKey: acme, fairnessWeight: 2 },
      });
    }
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

describe('whatever Temporal is told beside the gateway', () => {
  const boss: Caller = { name: 'boss', grants: [{ can: ROLES.admin }] };

  test('a run that says it is another tenant’s is in no list and no number of that tenant', async () => {
    const [own, foreign] = [service.as(ann), service.as(bob)];
    const request = { definition: 'strayTask', input: { tenant: beta } } as const;
    const filter = { definition: ['strayTask'] };
    const { id } = await own.trigger(request);
    await eventually(async () => {
      const query = `WorkflowId = '${id}' AND TaskTenant = '${beta}'`;
      expect((await whole.client.workflow.count(query)).count).toBe(1);
    });
    const theirs = await foreign.trigger(request);
    await eventually(async () => {
      const { runs } = await foreign.list({ filter });
      expect(runs.map((run) => run.id)).toEqual([theirs.id]);
    });
    expect(await foreign.count(filter)).toBe(1);
    expect(await foreign.counts(filter)).toMatchObject({ total: 1 });
    const events = foreign.watchList({ ...filter, ids: [id, theirs.id] });
    expect((await events.next()).value).toMatchObject({ type: 'ENTERED', run: { id: theirs.id } });
    await foreign.abort({ id: theirs.id });
    // The next thing that is told is of its own run again.
    expect((await events.next()).value).toMatchObject({ run: { id: theirs.id } });
    await events.return?.();
    await expect(foreign.get(id)).rejects.toMatchObject({ code: 'TASK_RUN_NOT_FOUND' });

    expect(await own.get(id)).toMatchObject({ id, status: 'RUNNING' });
    expect((await own.logs(id)).lines.length).toBeGreaterThan(0);
    await own.abort({ id });
    await eventually(async () => expect((await own.get(id)).status).toBe('ABORTED'));
  });

  test.each<[string, () => object]>([
    ['without a tenant', () => ({})],
    [
      'that names a tenant and is not in it by its id',
      () => ({ typedSearchAttributes: [{ key: TENANT, value: acme }] }),
    ],
  ])('a run %s is there for an admin of all, and for nobody else', async (_, how) => {
    const id = `walkSteps-${randomUUID()}`;
    await whole.client.workflow.execute('walkSteps', {
      ...how(),
      taskQueue: whole.taskQueue,
      workflowId: id,
      args: [walk.input],
    });
    const filter = { ids: [id] };
    const all = service.as(boss);
    await eventually(async () => {
      expect(await all.list({ filter })).toMatchObject({ runs: [{ id }] });
    });
    expect(await all.count(filter)).toBe(1);
    expect(await all.get(id)).toMatchObject({ id, status: 'SUCCEEDED' });
    for (const one of [ann, bob, { ...bob, tenant: acme }]) {
      const tenants = service.as(one);
      expect(await tenants.list({ filter })).toMatchObject({ runs: [] });
      expect(await tenants.count(filter)).toBe(0);
      expect(await tenants.counts(filter)).toMatchObject({ total: 0 });
      for (const asked of [
        () => tenants.get(id),
        () => tenants.logs(id),
        () => tenants.delete(id),
        () => tenants.abort({ id }),
      ])
        await expect(asked()).rejects.toMatchObject({ code: 'TASK_RUN_NOT_FOUND' });
    }
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
