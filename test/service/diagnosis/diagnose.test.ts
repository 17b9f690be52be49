import { msNumberToTs } from '@temporalio/common/lib/time.js';
import { temporal as proto } from '@temporalio/proto';
import { expect, test } from 'vitest';
import type { Step, TaskRunDetails, Worker } from '../../../src/contract/task-run.ts';
import { diagnose } from '../../../src/service/diagnosis/diagnose.ts';
import type { Evidence } from '../../../src/service/diagnosis/evidence.ts';
import { toWorker } from '../../../src/service/temporal/workers.ts';

const { WorkflowExecutionInfo } = proto.api.workflow.v1;
const NOW = Date.parse('2026-11-24T07:00:00.000Z');
const before = (seconds: number): Date => new Date(NOW - seconds * 1000);
const after = (seconds: number): Date => before(-seconds);

const RUN: TaskRunDetails = {
  id: 'walk-1',
  definition: 'walkSteps',
  name: 'Walk',
  status: 'RUNNING',
  createdAt: before(60),
  scheduledFor: null,
  startedAt: before(60),
  finishedAt: null,
  iteration: 1,
  tags: [],
  triggeredBy: null,
  parent: null,
  rerunOf: null,
  resumeOf: null,
  reuses: null,
  progress: null,
  steps: [],
  abortRequested: false,
};
const STEP: Step = {
  id: 'run/1/1',
  name: 'walk',
  attempt: 1,
  maxAttempts: 10,
  state: 'RUNNING',
  since: before(30),
  lastHeartbeat: before(1),
  lastFailure: null,
  nextAttemptAt: null,
  progress: null,
};
const worker = (more: Partial<Worker> = {}): Worker => ({
  id: 'w',
  identity: '1@host',
  host: 'h',
  pid: '1',
  taskQueue: 'queue',
  online: true,
  status: 'RUNNING',
  startedAt: before(600),
  lastSeen: before(1),
  sdkVersion: '1',
  version: null,
  activitySlots: null,
  workflowTaskSlots: null,
  ...more,
});

const WAITING = { kind: 'activity' as const, name: 'walk', taskQueue: 'queue', since: before(3) };

function explain(run: Partial<TaskRunDetails>, evidence: Partial<Evidence> = {}) {
  return diagnose({
    run: { ...RUN, ...run },
    description: {},
    workers: [worker()],
    taskQueue: 'queue',
    waiting: null,
    queue: null,
    version: null,
    known: true,
    graceEndsAt: null,
    failure: null,
    now: NOW,
    ...evidence,
  });
}

test('a run whose activity works needs no explanation', () => {
  expect(explain({ steps: [STEP] })).toBeNull();
});

test('a closed run needs no explanation, even with no worker', () => {
  expect(explain({ status: 'FAILED' }, { workers: [], known: false })).toBeNull();
});

test('a run that waits for its workflow task needs no explanation while a worker is there', () => {
  expect(
    explain({ status: 'PENDING' }, { description: { pendingWorkflowTask: { attempt: 1 } } }),
  ).toBeNull();
});

test('a paused run says who paused it and why', () => {
  const status = proto.api.enums.v1.WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED;
  const pauseInfo = {
    identity: 'ada',
    reason: 'lunch.',
    pausedTime: msNumberToTs(before(5).getTime()),
  };
  const description = {
    workflowExecutionInfo: { status },
    workflowExtendedInfo: { pauseInfo },
  };
  expect(explain({}, { description })).toMatchObject({
    code: 'PAUSED',
    message: 'The run is paused by ada: lunch.',
    since: before(5),
  });
  expect(explain({ status: 'ABORTING' }, { description })).toMatchObject({
    code: 'PAUSED',
    action: expect.stringContaining('terminate the run'),
  });
});

test('a delayed run says when it is due, worker or not', () => {
  expect(explain({ status: 'PENDING', scheduledFor: after(60) }, { workers: [] })).toMatchObject({
    code: 'DELAYED',
    message: 'The run was delayed and is due at 2026-11-24T07:01:00.000Z.',
    since: RUN.createdAt,
  });
});

test('a definition that is gone is named', () => {
  expect(explain({ steps: [STEP] }, { known: false })).toMatchObject({
    code: 'UNKNOWN_DEFINITION',
    message: 'There is no task definition "walkSteps" any more.',
  });
});

test('with no worker the queue is named, and since when', () => {
  expect(explain({ status: 'PENDING' }, { workers: [] })).toMatchObject({
    code: 'NO_WORKER',
    message: 'No worker serves the task queue "queue".',
    since: null,
  });
  const lost = worker({ online: false, status: 'LOST', lastSeen: before(20) });
  expect(
    explain({ steps: [{ ...STEP, lastHeartbeat: before(20) }] }, { workers: [lost] }),
  ).toMatchObject({
    code: 'NO_WORKER',
    since: before(20),
  });
});

test('an activity that was heard of shows that there is a worker', () => {
  expect(explain({ steps: [STEP] }, { workers: [] })).toBeNull();
});

test('an activity that was started by a worker which died since does not', () => {
  const lost = worker({ online: false, status: 'LOST', lastSeen: before(16) });
  const heard = (seconds: number) =>
    explain({ steps: [{ ...STEP, lastHeartbeat: before(seconds) }] }, { workers: [lost] });
  expect(heard(4)).toBeNull();
  expect(heard(6)).toMatchObject({ code: 'NO_WORKER' });
});

test('workers that die within seconds are called so', () => {
  const dead = worker({
    online: false,
    status: 'LOST',
    lastSeen: before(20),
    startedAt: before(22),
  });
  const next = worker({ online: false, status: 'STARTING', startedAt: before(1) });
  expect(explain({}, { workers: [next, dead, dead] })).toMatchObject({
    code: 'NO_WORKER',
    message:
      'Workers of the task queue "queue" die within seconds of their start, 2 in the last minutes.',
    action: expect.stringContaining('See in the output of a worker what ends it'),
  });
});

test('one known by its polls alone is not there if it has not taken what came after', () => {
  const silent = worker({ startedAt: null, lastSeen: before(40) });
  const waiting = (seconds: number) =>
    explain(
      {},
      { waiting: { ...WAITING, kind: 'workflow', since: before(seconds) }, workers: [silent] },
    );
  expect(waiting(16)).toMatchObject({ code: 'NO_WORKER', since: before(40) });
  expect(waiting(50)?.code).not.toBe('NO_WORKER');
  expect(waiting(2)?.code).not.toBe('NO_WORKER');
});

const QUEUE = { waiting: 7, currentVersion: null, rampingVersion: null, versioned: false };
const STUCK = { waiting: WAITING, queue: QUEUE };
const FULL = { used: 100, free: 0 };

test('an activity that waits for full workers names them, and how much waits', () => {
  const full = worker({ activitySlots: FULL });
  expect(explain({}, { ...STUCK, workers: [full] })).toEqual({
    code: 'WAITING_FOR_SLOT',
    message:
      'The activity walk waits for a free slot: 1@h has all of its 100 in use, and some 7 tasks wait in the task queue "queue".',
    since: before(3),
    action: 'Wait until one is free, or add workers.',
  });
  expect(
    explain({}, { ...STUCK, workers: Array.from({ length: 5 }, () => full) })?.message,
  ).toContain('1@h has all of its 100 in use as have 2 more');
});

test('one that waits although a worker seems free says that it is not taken', () => {
  const free = worker({ activitySlots: { used: 99, free: 1 } });
  expect(explain({}, { ...STUCK, workers: [free, worker({ activitySlots: FULL })] })).toMatchObject(
    {
      code: 'WAITING_FOR_SLOT',
      message:
        'The activity walk waits for a worker to take it: some 7 tasks wait in the task queue "queue".',
    },
  );
});

test('a workflow task waits for slots of its own kind, also to carry out an abort', () => {
  const waiting = { ...WAITING, kind: 'workflow' as const, name: null };
  const workers = [worker({ activitySlots: FULL, workflowTaskSlots: { used: 40, free: 0 } })];
  expect(explain({ status: 'ABORTING' }, { ...STUCK, waiting, workers })).toMatchObject({
    code: 'WAITING_FOR_SLOT',
    message: expect.stringContaining('The run waits for a free slot: 1@h has all of its 40 in use'),
    action: 'Wait until one is free, or add workers, or terminate the run.',
  });
});

test('while its queue was not looked at, what waits is about to be taken', () => {
  expect(explain({ steps: [{ ...STEP, state: 'SCHEDULED' }] }, { waiting: WAITING })).toBeNull();
});

test('versioned workers of which none is current are told', () => {
  const queue = { ...QUEUE, versioned: true };
  const workers = [worker({ version: 'shop.2' }), worker({ version: 'shop.1' })];
  expect(explain({}, { waiting: WAITING, queue, workers })).toMatchObject({
    code: 'NO_CURRENT_VERSION',
    message:
      'The workers of the task queue "queue" are versioned (shop.2, shop.1), and no version is the current one.',
    since: before(3),
  });
});

test('a run that only one version may execute is served by no other', () => {
  const workers = [worker({ version: 'shop.2' }), worker()];
  expect(explain({}, { version: 'shop.1', workers })).toMatchObject({
    code: 'NO_WORKER',
    message: 'No worker of the version "shop.1" serves the task queue "queue".',
    action: 'Start a worker of the version "shop.1": the run will go on where it was.',
  });
  expect(explain({}, { version: 'shop.2', workers })?.code).not.toBe('NO_WORKER');
});

test('a version that Temporal begins to send runs to serves them too', () => {
  const queue = { ...QUEUE, versioned: true, currentVersion: 'shop.1', rampingVersion: 'shop.2' };
  const workers = [worker({ version: 'shop.2' })];
  expect(explain({}, { waiting: WAITING, queue, version: 'shop.1', workers })).toMatchObject({
    code: 'WAITING_FOR_SLOT',
  });
});

/** An iteration whose history has so many events. */
const idle = (historyLength: number) =>
  explain(
    { iteration: 2 },
    { description: { workflowExecutionInfo: WorkflowExecutionInfo.fromObject({ historyLength }) } },
  );

test('the second between two iterations is no timer of the run', () => {
  expect(idle(1)).toBeNull();
  expect(idle(4)).toMatchObject({ code: 'WAITING_FOR_TIMER' });
});

test('an abort that no worker can carry out says that terminating it is left', () => {
  expect(explain({ status: 'ABORTING' }, { workers: [] })).toMatchObject({
    code: 'NO_WORKER',
    action: 'Start a worker, which will carry out the abort, or terminate the run.',
  });
});

test('workflow code that fails shows from its second attempt', () => {
  const originalScheduledTime = msNumberToTs(before(10).getTime());
  const description = { pendingWorkflowTask: { attempt: 2, originalScheduledTime } };
  expect(explain({}, { description })).toMatchObject({
    code: 'WORKFLOW_CODE_FAILING',
    since: before(10),
  });
  expect(explain({}, { description, failure: { message: null, since: before(10) } })).toBeNull();
  const failure = { message: 'no such field', since: before(20) };
  expect(explain({}, { description, failure })).toMatchObject({
    message: 'The workflow code of "walkSteps" fails again and again, attempt 2: no such field.',
    since: before(20),
  });
});

test('an aborting run says when its grace ends', () => {
  expect(explain({ status: 'ABORTING', steps: [STEP] }, { graceEndsAt: after(30) })).toMatchObject({
    code: 'ABORTING',
    message:
      'The run was asked to stop and is abandoned at 2026-11-24T07:00:30.000Z if it has not.',
  });
});

test('a failed activity says its attempt, its cause and when it goes on', () => {
  const step: Step = {
    ...STEP,
    state: 'BACKING_OFF',
    attempt: 3,
    since: before(2),
    lastFailure: 'disk full',
    nextAttemptAt: after(4),
  };
  expect(explain({ steps: [STEP, step] })).toMatchObject({
    code: 'RETRYING',
    message:
      'The activity walk failed and is tried again at 2026-11-24T07:00:04.000Z, attempt 3 of 10: disk full.',
    since: before(2),
  });
});

test('a failed activity that may start again says that it waits for a worker', () => {
  const step: Step = { ...STEP, state: 'SCHEDULED', attempt: 2, lastFailure: 'disk full' };
  expect(explain({ steps: [step] })).toMatchObject({
    code: 'RETRYING',
    message:
      'The activity walk failed and waits for a worker to try it again, attempt 2 of 10: disk full.',
  });
});

test('a silent activity shows after two thirds of its heartbeat time-out', () => {
  const description = {
    pendingActivities: [
      {
        activityType: { name: 'walk' },
        activityOptions: { heartbeatTimeout: msNumberToTs(4500) },
      },
    ],
  };
  const silent = (seconds: number) =>
    explain({ steps: [{ ...STEP, lastHeartbeat: before(seconds) }] }, { description });
  expect(silent(2.9)).toBeNull();
  expect(silent(3.1)).toMatchObject({
    code: 'HEARTBEAT_LATE',
    since: before(3.1),
    action: expect.stringContaining('after 4.5 s of silence'),
  });
});

test('a paused activity, a child and a timer are named', () => {
  expect(explain({ steps: [{ ...STEP, state: 'PAUSED' }] })).toMatchObject({ code: 'PAUSED' });
  const pendingChildren = [{ workflowId: 'child-1' }, { workflowId: 'child-2' }];
  expect(explain({}, { description: { pendingChildren } })).toMatchObject({
    code: 'WAITING_FOR_CHILD',
    message: 'The run waits for its child run child-1 and 1 more.',
  });
  expect(explain({})).toMatchObject({ code: 'WAITING_FOR_TIMER' });
});

const { WorkerStatus } = proto.api.enums.v1;
test.each([
  ['young', 14, WorkerStatus.WORKER_STATUS_RUNNING, { online: true, status: 'RUNNING' }],
  ['old', 15, WorkerStatus.WORKER_STATUS_RUNNING, { online: false, status: 'LOST' }],
  [
    'leaving',
    1,
    WorkerStatus.WORKER_STATUS_SHUTTING_DOWN,
    { online: false, status: 'SHUTTING_DOWN' },
  ],
])('a worker with a %s heartbeat', (_, age, status, shown) => {
  const heartbeatTime = msNumberToTs(before(age).getTime());
  expect(toWorker({ heartbeatTime, status }, NOW)).toMatchObject(shown);
});
