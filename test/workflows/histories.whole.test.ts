/**
 * Runs one of each shape on the real server and replays its history at once: what the sandbox does must not depend
 * on anything but its history. With `RECORD_HISTORIES=1` the histories are kept in test/histories, where
 * replay.test.ts holds every later version of the code to them.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toCause } from '../../src/contract/wire/abort-cause.ts';
import type { Resumption } from '../../src/contract/wire/resumption.ts';
import { RunLog } from '../../src/contract/wire/run-log.ts';
import { bundleOfTests } from '../support/bundle.ts';
import { eventually, startWorker } from '../support/whole.ts';
import type { WholeTest } from '../support/whole.ts';

const FOLDER = fileURLToPath(new URL('../histories/', import.meta.url));

interface Shape {
  readonly type: string;
  readonly input?: unknown;
  /** What it takes over from an earlier run. */
  readonly resume?: Resumption;
  /** Aborts when the run has this many events. */
  readonly abortAt?: number;
  readonly grace?: number;
  readonly startDelay?: number;
  /** Resets it, when it has ended, to its first workflow task. */
  readonly reset?: boolean;
  readonly ends: 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'CONTINUED_AS_NEW';
}

const SHAPES: Readonly<Record<string, Shape>> = {
  'testing-run': { type: 'testingRun', input: { some: 'value' }, ends: 'COMPLETED' },
  'checksum-files': { type: 'checksumFiles', input: { folder: '.' }, ends: 'COMPLETED' },
  'checksum-files-refused': { type: 'checksumFiles', input: { folder: '..' }, ends: 'FAILED' },
  'overflowing-log': { type: 'sayLines', input: { lines: 600, bytes: 100 }, ends: 'COMPLETED' },
  'parallel-activities': {
    type: 'sayLines',
    input: { lines: 3, parallel: 4 },
    ends: 'COMPLETED',
  },
  'retried-activity': {
    type: 'failThenSucceed',
    input: { succeedAt: 2, retryMs: 50 },
    ends: 'COMPLETED',
  },
  'next-iteration': { type: 'chainTask', input: { iterations: 2 }, ends: 'CONTINUED_AS_NEW' },
  children: { type: 'parentTask', input: { children: 2, steps: 1 }, ends: 'COMPLETED' },
  'failed-with-siblings': { type: 'parentOfSiblings', input: {}, ends: 'FAILED' },
  triggered: { type: 'triggeringTask', input: { steps: 1 }, ends: 'COMPLETED' },
  'invalid-input': { type: 'withDefaults', input: {}, ends: 'FAILED' },
  'timed-out': { type: 'timeLimited', input: {}, ends: 'FAILED' },
  'aborted-at-checkpoint': {
    type: 'walkSteps',
    input: { steps: 1000, cleanUpLines: 2 },
    abortAt: 5,
    ends: 'CANCELLED',
  },
  'aborted-by-force': {
    type: 'deafTask',
    input: { ms: 3000 },
    abortAt: 5,
    grace: 0.1,
    ends: 'CANCELLED',
  },
  'aborted-in-timer': { type: 'takeNap', input: { ms: 60_000 }, abortAt: 5, ends: 'CANCELLED' },
  'aborted-before-start': {
    type: 'walkSteps',
    input: { steps: 1 },
    startDelay: 60_000,
    abortAt: 1,
    ends: 'CANCELLED',
  },
  'aborted-with-child': {
    type: 'parentTask',
    input: { steps: 1000 },
    abortAt: 8,
    ends: 'CANCELLED',
  },
  'aborted-with-clean-up': { type: 'cleanUpTask', input: {}, abortAt: 4, ends: 'CANCELLED' },
  'reset-run': {
    type: 'walkThen',
    input: { next: 'fail', steps: 1 },
    reset: true,
    ends: 'FAILED',
  },
  'resumed-from-checkpoint': {
    type: 'keepPlace',
    input: { secret: 'a', steps: 3 },
    resume: {
      edited: false,
      calls: [
        { kind: 'ACTIVITY', name: 'keepOne', n: 1, args: ['a'], done: true, result: 'a' },
        {
          kind: 'ACTIVITY',
          name: 'walkWith',
          n: 1,
          args: ['a', 3, 0],
          done: false,
          state: { secret: 'a', done: 2 },
        },
      ],
    },
    ends: 'COMPLETED',
  },
  'resumed-with-child': {
    type: 'parentTask',
    input: { children: 2, steps: 1 },
    resume: {
      edited: false,
      calls: [
        {
          kind: 'CHILD',
          name: 'walkSteps',
          n: 1,
          args: [{ steps: 1, ms: 10 }],
          done: true,
          result: { done: 1 },
        },
      ],
    },
    ends: 'COMPLETED',
  },
  'aborted-clean-up-hangs': { type: 'cleanUpHangs', input: {}, abortAt: 4, ends: 'CANCELLED' },
};

let whole: WholeTest;
beforeAll(async () => {
  const dataRoot = await mkdtemp(join(tmpdir(), 'histories-'));
  await writeFile(join(dataRoot, 'file.txt'), 'content');
  whole = await startWorker({ dataRoot });
});
afterAll(() => whole.stop());

test.each(Object.entries(SHAPES))('the history of %s replays', async (name, shape) => {
  const first = await start(shape);
  if (shape.abortAt !== undefined) await abort(first, shape);
  await first.result().catch(() => undefined);
  const run = shape.reset === true ? await reset(first) : first;
  const history = await run.fetchHistory();
  expect((await run.describe()).status.name).toBe(shape.ends);
  await Worker.runReplayHistory(
    { workflowBundle: { codePath: await bundleOfTests() } },
    history,
    run.workflowId,
  );
  if (process.env['RECORD_HISTORIES'] !== '1') return;
  await mkdir(FOLDER, { recursive: true });
  await writeFile(
    `${FOLDER}${name}.json`,
    `${withoutMachine(historyToJSON({ events: history.events ?? [] }))}\n`,
  );
});

/** Names and paths of the machine that recorded it. */
const withoutMachine = (json: string): string =>
  JSON.stringify(
    JSON.parse(json.replaceAll(hostname(), 'host'), (key, value: unknown) =>
      key === 'stackTrace' ? '' : key === 'identity' && value !== 'alice' ? 'recorded' : value,
    ),
    null,
    2,
  );

async function start({ type, input, resume, startDelay }: Shape): Promise<WorkflowHandle> {
  const { workflowId, firstExecutionRunId } = await whole.client.workflow.start(type, {
    taskQueue: whole.taskQueue,
    workflowId: `${type}-${randomUUID()}`,
    args: [input, ...(resume ? [{ v: 1, iteration: 1, log: new RunLog().carry(), resume }] : [])],
    ...(startDelay !== undefined && { startDelay }),
  });
  // The first link, not the chain.
  return whole.client.workflow.getHandle(workflowId, firstExecutionRunId, { followRuns: false });
}

/** The execution that takes the place of an ended one, when it has ended too. */
async function reset({ workflowId }: WorkflowHandle): Promise<WorkflowHandle> {
  const run = whole.client.workflow.getHandle(workflowId);
  const { events } = await run.fetchHistory();
  const done = events?.find((event) => event.workflowTaskCompletedEventAttributes);
  const { runId } = await whole.client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId },
    requestId: randomUUID(),
    workflowTaskFinishEventId: done?.eventId ?? null,
  });
  const anew = whole.client.workflow.getHandle(workflowId, runId);
  await anew.result().catch(() => undefined);
  return anew;
}

async function abort(run: WorkflowHandle, { abortAt = 1, grace }: Shape): Promise<void> {
  await eventually(async () =>
    expect((await run.describe()).historyLength).toBeGreaterThanOrEqual(abortAt),
  );
  await whole.client.workflowService.requestCancelWorkflowExecution({
    namespace: 'default',
    identity: 'alice',
    requestId: randomUUID(),
    workflowExecution: { workflowId: run.workflowId },
    reason: toCause({ by: 'alice', reason: 'enough', ...(grace !== undefined && { grace }) }),
  });
}
