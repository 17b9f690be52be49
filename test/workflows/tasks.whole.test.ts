import { randomUUID } from 'node:crypto';
import { ApplicationFailure, CancelledFailure, WorkflowFailedError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import type { TypedSearchAttributes } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toCause } from '../../src/contract/wire/abort-cause.ts';
import type { AbortCause } from '../../src/contract/wire/abort-cause.ts';
import { toRunFields } from '../../src/contract/wire/run-fields.ts';
import { LOGS_QUERY, MEMO } from '../../src/contract/wire/messages.ts';
import type { AbortDetails } from '../../src/contract/wire/messages.ts';
import type { WireLogPage } from '../../src/contract/wire/run-log.ts';
import { eventually, startWorker } from '../support/whole.ts';
import type { WholeTest } from '../support/whole.ts';

let whole: WholeTest;
beforeAll(async () => {
  whole = await startWorker();
});
afterAll(() => whole.stop());

async function start(
  type: string,
  input: unknown,
  options: {
    readonly startDelay?: number;
    readonly taskQueue?: string;
    readonly actor?: string;
  } = {},
): Promise<WorkflowHandle> {
  const { taskQueue = whole.taskQueue, startDelay, actor } = options;
  return whole.client.workflow.start(type, {
    taskQueue,
    workflowId: `${type}-${randomUUID()}`,
    args: [input],
    ...(startDelay !== undefined && { startDelay }),
    ...(actor !== undefined && {
      memo: { ...toRunFields({ name: type, actor, input }).memo },
    }),
  });
}

const execute = async (type: string, input: unknown): Promise<unknown> =>
  (await start(type, input)).result();

/** The failure that the run ended with. */
async function failure(handle: WorkflowHandle): Promise<Error> {
  try {
    await handle.result();
  } catch (error) {
    if (error instanceof WorkflowFailedError && error.cause) return error.cause;
    throw error;
  }
  throw new Error('The run succeeded.');
}

async function codeOf(type: string, input: unknown): Promise<string | null | undefined> {
  const cause = await failure(await start(type, input));
  return rootOf(cause).type;
}
function rootOf(error: Error): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  if (error.cause instanceof Error) return rootOf(error.cause);
  throw error;
}

async function abort({ workflowId }: WorkflowHandle, cause: AbortCause): Promise<void> {
  await whole.client.workflowService.requestCancelWorkflowExecution({
    namespace: 'default',
    identity: cause.by,
    requestId: randomUUID(),
    workflowExecution: { workflowId },
    reason: toCause(cause),
  });
}

async function abortDetails(handle: WorkflowHandle): Promise<AbortDetails> {
  const cause = await failure(handle);
  expect(cause).toBeInstanceOf(CancelledFailure);
  return (cause as CancelledFailure).details[0] as AbortDetails;
}

const lines = async (handle: WorkflowHandle): Promise<readonly string[]> => {
  const page = await handle.query<WireLogPage>(LOGS_QUERY);
  return page.entries.map(({ src, n, m }) => `${src}#${n} ${m}`);
};

const eventsOf = async (handle: WorkflowHandle) => (await handle.fetchHistory()).events ?? [];

const named = (attributes: TypedSearchAttributes): Readonly<Record<string, unknown>> =>
  Object.fromEntries(attributes.getAll().map(({ key, value }) => [key.name, value]));

/** Until an activity of the run is at work. */
const working = (handle: WorkflowHandle): Promise<void> =>
  eventually(async () => {
    const { pendingActivities } = (await handle.describe()).raw;
    expect(pendingActivities?.[0]?.lastStartedTime).toBeTruthy();
  });

const ALICE: AbortCause = { by: 'alice', reason: 'no longer needed: really' };

describe('a run', () => {
  test('ends with the output of its definition', async () => {
    expect(await execute('testingRun', { some: 'value' })).toEqual({
      message: 'Task successfully finished.',
    });
  });

  test('gets its input with defaults and transforms applied', async () => {
    const input = {
      email: 'a@b.de',
      words: 'one two',
      link: 'https://a.b/',
      when: '2026-11-24T09:00:00Z',
    };
    const output = { ...input, count: 3, words: ['one', 'two'] };
    // Twice: runs share zod, and nothing that one leaves in it may hurt another.
    expect(await execute('withDefaults', input)).toEqual(output);
    expect(await execute('withDefaults', input)).toEqual(output);
  });

  test('with an input that its schema refuses fails at once and says each field', async () => {
    const cause = rootOf(await failure(await start('withDefaults', { email: 'x', words: 1 })));
    expect(cause.type).toBe('INVALID_INPUT');
    expect(cause.message).toContain('email');
    expect(cause.details?.[0]).toMatchObject({
      issues: [{ path: ['email'] }, { path: ['words'], code: 'invalid_type' }],
    });
  });

  test('on whose input or output its schema throws fails once, with its path', async () => {
    const cause = rootOf(await failure(await start('throwingSchemas', { size: 'x' })));
    expect(cause.type).toBe('INVALID_INPUT');
    expect(cause.details?.[0]).toMatchObject({ issues: [{ path: ['size'] }] });
    expect(await codeOf('throwingSchemas', { size: '1' })).toBe('INVALID_OUTPUT');
  });

  test('whose output does not fit its schema fails once', async () => {
    expect(await codeOf('wrongOutput', {})).toBe('INVALID_OUTPUT');
  });

  test.each(['workflow', 'activity'])(
    'with too large an output of its %s fails once',
    async (by) => {
      expect(await codeOf('bigOutput', { bytes: 2_200_000, by })).toBe('PAYLOAD_TOO_LARGE');
    },
  );

  test('with a large output that Temporal can carry succeeds', async () => {
    const output = await execute('bigOutput', { bytes: 1_900_000, by: 'activity' });
    expect((output as { text: string }).text).toHaveLength(1_900_000);
  });

  test('whose code throws fails with the type of the error', async () => {
    expect(await codeOf('brokenTask', {})).toBe('TypeError');
  });

  test.each([
    ['large', 'RangeError'],
    ['circular', 'TypeError'],
    ['details', 'Detailed'],
    ['textless', 'Error'],
  ])('whose code throws what Temporal cannot carry (%s) fails once', async (what, type) => {
    expect(await codeOf('throwOdd', { what })).toBe(type);
  });

  test.each([
    ['large', 'RangeError'],
    ['circular', 'TypeError'],
    ['details', 'Detailed'],
  ])('whose activity throws what Temporal cannot carry (%s) fails once', async (what, type) => {
    expect(await codeOf('throwOdd', { what, by: 'activity' })).toBe(type);
  });

  test.each([{ name: '' }, { name: 'x'.repeat(3000) }, { name: 'a', tags: ['b"'] }])(
    'that gives a child what no trigger may have fails (%#)',
    async (options) => {
      expect(await codeOf('parentOfMisnamed', options)).toBe('INVALID_ARGUMENT');
    },
  );

  test('that outlives its timeout stops at a checkpoint and fails', async () => {
    const run = await start('timeLimited', {});
    expect(rootOf(await failure(run)).type).toBe('TIMEOUT');
    expect((await lines(run)).at(-1)).toContain('Stopped: The run did not end within 0.7 s.');
  });

  test('within its timeout succeeds', async () => {
    expect(await execute('timeLimited', { steps: 2 })).toEqual({ done: 2 });
  });

  test('that asks for too many iterations fails', async () => {
    expect(await codeOf('endlessChain', {})).toBe('MAX_ITERATIONS');
  });

  test('tries an activity again until it succeeds, with the lines of every attempt', async () => {
    const run = await start('failThenSucceed', { succeedAt: 3, retryMs: 50 });
    expect(await run.result()).toEqual({ attempt: 3 });
    expect(await lines(run)).toEqual([
      '1/1/1#1 Started',
      '1/1/1#2 attempt 1 line 1',
      '1/1/1#3 Attempt 1 failed: not at attempt 1',
      '1/1/2#1 Attempt 2 started',
      '1/1/2#2 attempt 2 line 1',
      '1/1/2#3 Attempt 2 failed: not at attempt 2',
      '1/1/3#1 Attempt 3 started',
      '1/1/3#2 attempt 3 line 1',
    ]);
  });
});

describe('a chain of iterations', () => {
  test('is one run with one log', async () => {
    const run = await start('chainTask', { iterations: 3, lines: 2 }, { actor: 'alice' });
    expect(await run.result()).toEqual({ iterations: 3 });
    const last = whole.client.workflow.getHandle(run.workflowId);
    expect(await lines(last)).toEqual(
      [1, 2, 3].flatMap((iteration) => [
        `${iteration}/1/1#1 Started`,
        expect.stringContaining(`${iteration}/1/1#2 line 1`),
        expect.stringContaining(`${iteration}/1/1#3 line 2`),
      ]),
    );
  });

  test('keeps its memo, counts on and knows when it began', async () => {
    const run = await start('chainTask', { iterations: 2 }, { actor: 'alice' });
    const { startTime } = await run.describe();
    await run.result();
    const { memo, typedSearchAttributes } = await whole.client.workflow
      .getHandle(run.workflowId)
      .describe();
    expect(memo?.[MEMO]).toMatchObject({
      actor: 'alice',
      iteration: 2,
      createdAt: startTime.toISOString(),
      input: { iterations: 2 },
    });
    expect(named(typedSearchAttributes)).toMatchObject({ TaskIteration: 2 });
  });

  test('is aborted as a whole between two iterations', async () => {
    const run = await start('chainTask', { iterations: 500, lines: 1, pauseMs: 30 });
    await eventually(async () => {
      const { memo: _, raw } = await whole.client.workflow.getHandle(run.workflowId).describe();
      expect(raw.workflowExecutionInfo?.firstRunId).not.toBe(
        raw.workflowExecutionInfo?.execution?.runId,
      );
    });
    await abort(run, ALICE);
    expect(await abortDetails(run)).toMatchObject({ by: 'alice', mode: 'GRACEFUL' });
  });
});

describe('a child', () => {
  test('is a whole run whose output its parent gets', async () => {
    const parent = await start('parentTask', { children: 2, steps: 2 }, { actor: 'alice' });
    expect(await parent.result()).toEqual({ done: 4 });
    const children = await eventually(async () => {
      const found = [];
      for await (const one of whole.client.workflow.list({
        query: `TaskParent = '${parent.workflowId}'`,
      }))
        found.push(one);
      expect(found).toHaveLength(2);
      return found;
    });
    const [first] = children.toSorted((a, b) => (a.workflowId < b.workflowId ? -1 : 1));
    expect(first?.workflowId).toMatch(/^walkSteps-[\da-f-]{36}$/);
    expect(first?.memo?.[MEMO]).toMatchObject({
      name: expect.stringMatching(/^Child [12]$/),
      actor: 'alice',
      iteration: 1,
      input: { steps: 2, ms: 10 },
    });
    expect(named(first!.typedSearchAttributes)).toMatchObject({
      TaskActor: 'alice',
      TaskIteration: 1,
    });
  });

  test('that fails gives its parent its own code', async () => {
    const cause = rootOf(await failure(await start('parentOfFailure', {})));
    expect(cause.type).toBe('BadDay');
    expect(cause.message).toContain('no way');
  });

  test('of a definition that the worker does not have is refused at once', async () => {
    expect(await codeOf('parentOfUnknown', {})).toBe('TASK_DEFINITION_NOT_FOUND');
  });

  test('is aborted with its parent, and told who and why', async () => {
    const parent = await start('parentTask', { children: 1, steps: 1000 });
    const child = await eventually(async () => {
      const pending = (await parent.describe()).raw.pendingChildren?.[0]?.workflowId;
      expect(pending).toBeTruthy();
      return whole.client.workflow.getHandle(pending ?? '');
    });
    await working(child);
    await abort(parent, ALICE);
    expect(await abortDetails(parent)).toMatchObject({ ...ALICE, mode: 'GRACEFUL' });
    expect(await abortDetails(child)).toMatchObject({ ...ALICE, mode: 'GRACEFUL' });
  });

  test('aborted alone fails its parent', async () => {
    const parent = await start('parentTask', { children: 1, steps: 1000 });
    const child = await eventually(async () => {
      const pending = (await parent.describe()).raw.pendingChildren?.[0]?.workflowId;
      expect(pending).toBeTruthy();
      return whole.client.workflow.getHandle(pending ?? '');
    });
    await working(child);
    await abort(child, ALICE);
    expect(rootOf(await failure(parent)).type).toBe('ABORTED');
  });

  test('is told that its parent failed, when it is stopped for that', async () => {
    const parent = await start('parentOfSiblings', {});
    const child = await eventually(async () => {
      const pending = (await parent.describe()).raw.pendingChildren?.[0]?.workflowId;
      expect(pending).toBeTruthy();
      return whole.client.workflow.getHandle(pending ?? '');
    });
    expect(rootOf(await failure(parent)).type).toBe('BadDay');
    const details = await abortDetails(child);
    expect(details).toMatchObject({
      by: '',
      reason: `Its parent ${parent.workflowId} failed or ended.`,
      mode: 'GRACEFUL',
    });
  });

  test('that was triggered outlives its parent', async () => {
    const { id } = (await execute('triggeringTask', { steps: 2 })) as { id: string };
    const child = whole.client.workflow.getHandle(id);
    expect(await child.result()).toEqual({ done: 2 });
    expect(named((await child.describe()).typedSearchAttributes)).toMatchObject({
      TaskTags: ['of-parent'],
      TaskName: 'Walk steps',
    });
  });
});

describe('an abort', () => {
  test('stops an activity at its checkpoint and keeps the lines of its stopping', async () => {
    const run = await start('walkSteps', { steps: 1000, cleanUpLines: 3 });
    await working(run);
    await abort(run, ALICE);
    expect(await abortDetails(run)).toEqual({ v: 1, ...ALICE, mode: 'GRACEFUL' });
    expect((await lines(run)).slice(-4).map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'stopping 1',
      'stopping 2',
      'stopping 3',
      'Stopped: Aborted by alice: no longer needed: really',
    ]);
  });

  test('is listable as soon as a worker has seen it', async () => {
    const run = await start('deafTask', { ms: 3000 });
    await working(run);
    await abort(run, ALICE);
    await eventually(async () => {
      const { TaskAbort } = named((await run.describe()).typedSearchAttributes);
      expect(Date.parse(String(TaskAbort))).toBeGreaterThan(Date.now() - 60_000);
    });
    expect(await abortDetails(run)).toMatchObject({ mode: 'FORCED' });
  });

  test('ends work that tells of it by an error of its own, with the abort as its cause', async () => {
    const run = await start('wrapAbort', {});
    await eventually(async () => expect((await run.describe()).historyLength).toBeGreaterThan(4));
    await abort(run, ALICE);
    expect(await abortDetails(run)).toMatchObject({ mode: 'GRACEFUL' });
  });

  test.each(['timer', 'activity', 'child'])(
    'ends work that goes on asking for a %s in a loop, and its worker lives',
    async (by) => {
      const run = await start('deafLoop', { by });
      await eventually(async () => expect((await run.describe()).historyLength).toBeGreaterThan(4));
      await abort(run, ALICE);
      expect(await abortDetails(run)).toMatchObject({ mode: 'FORCED' });
      expect(await execute('walkSteps', { steps: 1 })).toEqual({ done: 1 });
    },
  );

  test('of the aborting caller can have another grace than the definition', async () => {
    const run = await start('walkSteps', { steps: 1, ms: 8000 });
    await working(run);
    const asked = Date.now();
    await abort(run, { ...ALICE, grace: 0.2 });
    expect(await abortDetails(run)).toMatchObject({ mode: 'FORCED' });
    expect(Date.now() - asked).toBeLessThan(7000);
  });

  test('wakes a workflow timer', async () => {
    const run = await start('takeNap', { ms: 60_000 });
    await eventually(async () =>
      expect((await eventsOf(run)).some((event) => event.timerStartedEventAttributes)).toBe(true),
    );
    await abort(run, ALICE);
    expect(await abortDetails(run)).toMatchObject({ mode: 'GRACEFUL' });
  });

  test('ends a retry back-off and keeps the lines before it', async () => {
    const run = await start('failThenSucceed', { succeedAt: 5, retryMs: 60_000 });
    await eventually(async () => expect(await lines(run)).toHaveLength(3));
    await abort(run, ALICE);
    expect(await abortDetails(run)).toMatchObject({ mode: 'GRACEFUL' });
    expect(await lines(run)).toHaveLength(3);
  });

  test('ends a delayed run before it begins', async () => {
    const run = await start('walkSteps', { steps: 1 }, { startDelay: 60_000 });
    await abort(run, ALICE);
    expect(await abortDetails(run)).toEqual({ v: 1, ...ALICE, mode: 'BEFORE_START' });
    expect(await eventsOf(run)).toHaveLength(6);
  });

  test.each([
    ['cleanUpTask', 'DONE'],
    ['cleanUpThrows', 'TypeError: tidy broke'],
    ['cleanUpHangs', 'TIMED_OUT'],
  ])('cleans up: %s notes %s', async (type, cleanUp) => {
    const run = await start(type, {});
    await eventually(async () => expect(await eventsOf(run)).toHaveLength(4));
    await abort(run, ALICE);
    expect(await abortDetails(run)).toMatchObject({ mode: 'GRACEFUL', cleanUp });
    if (cleanUp === 'DONE') expect(await lines(run)).toHaveLength(4);
  });
});

describe('the history', () => {
  test('of a run with one activity has no event more for its log and progress', async () => {
    const run = await start('sayLines', { lines: 200, bytes: 40 });
    await run.result();
    expect(await eventsOf(run)).toHaveLength(11);
    expect(await lines(run)).toHaveLength(201);
  });

  test('of a run that logs much stays short', async () => {
    const run = await start('sayLines', { lines: 600, bytes: 100, rate: 100 });
    await run.result();
    // 6 s at the rate that is allowed 160 events a minute.
    expect((await eventsOf(run)).length).toBeLessThanOrEqual(26);
    expect(await lines(run)).toHaveLength(601);
  });
});
