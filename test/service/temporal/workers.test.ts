import type { WorkflowService } from '@temporalio/client';
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import type { temporal as proto } from '@temporalio/proto';
import { expect, test } from 'vitest';
import { FIRST_SIGN } from '../../../src/contract/wire/worker-heartbeat.ts';
import { enums } from '../../../src/service/temporal/proto.ts';
import type { Temporal } from '../../../src/service/temporal/temporal.ts';
import { GrpcCode } from '../../../src/tools/grpc-code.ts';
import { Workers } from '../../../src/service/temporal/workers.ts';
import { grpcError } from '../../support/grpc-error.ts';

const ago = (seconds: number) => msNumberToTs(Date.now() - seconds * 1000);

const heartbeat = (age: number, more: proto.api.worker.v1.IWorkerHeartbeat = {}) => ({
  workerInstanceKey: 'key',
  workerIdentity: '1@host',
  taskQueue: 'queue',
  status: enums.WorkerStatus.WORKER_STATUS_RUNNING,
  heartbeatTime: ago(age),
  hostInfo: { hostName: 'host', processId: '1' },
  ...more,
});
const poller = (identity: string, age: number) => ({ identity, lastAccessTime: ago(age) });

/** A Temporal that knows these workers. */
function workersOf({
  heartbeats = [],
  pollers = [],
  errors = [],
}: {
  readonly heartbeats?: readonly proto.api.worker.v1.IWorkerHeartbeat[];
  readonly pollers?: readonly proto.api.taskqueue.v1.IPollerInfo[];
  /** Of the first questions, one each. */
  readonly errors?: readonly Error[];
}) {
  const asked: string[] = [];
  const service = {
    async listWorkers({
      query,
      pageSize,
      nextPageToken,
    }: proto.api.workflowservice.v1.IListWorkersRequest) {
      asked.push(`workers ${query}`);
      const error = errors[asked.length - 1];
      if (error) throw error;
      const from = nextPageToken?.[0] ?? 0;
      const to = from + Number(pageSize);
      return {
        workersInfo: heartbeats.slice(from, to).map((workerHeartbeat) => ({ workerHeartbeat })),
        nextPageToken: Uint8Array.from(to < heartbeats.length ? [to] : []),
      };
    },
    async describeTaskQueue() {
      asked.push('pollers');
      return { pollers };
    },
  };
  const temporal = {
    namespace: 'default',
    ask: (question: (service: WorkflowService) => unknown) =>
      question(service as unknown as WorkflowService),
  } as unknown as Temporal;
  return { asked, workers: new Workers(temporal) };
}

test('a worker that reports itself is believed, and nobody else is asked', async () => {
  const { asked, workers } = workersOf({ heartbeats: [heartbeat(1)] });
  expect(await workers.of('queue')).toMatchObject([{ id: 'key', host: 'host', online: true }]);
  expect(asked).toEqual(["workers TaskQueue = 'queue'"]);
});

test('all of them are told, however many', async () => {
  const heartbeats = Array.from({ length: 201 }, (_, at) =>
    heartbeat(1, { workerInstanceKey: `key ${at}`, workerIdentity: `${at}@host` }),
  );
  const { asked, workers } = workersOf({ heartbeats });
  expect(await workers.of('queue')).toHaveLength(201);
  expect(asked).toHaveLength(2);
});

test('however many ask at a time, Temporal is asked once', async () => {
  const { asked, workers } = workersOf({ heartbeats: [heartbeat(1)] });
  await Promise.all(Array.from({ length: 20 }, () => workers.of('queue')));
  expect(asked).toHaveLength(1);
});

test('one that was killed is lost, and its old polls are not believed', async () => {
  const { workers } = workersOf({ heartbeats: [heartbeat(16)], pollers: [poller('1@host', 20)] });
  expect(await workers.of('queue')).toMatchObject([{ id: 'key', online: false, status: 'LOST' }]);
});

test('one of another pace is lost after three heartbeats of its own', async () => {
  const pace = { elapsedSinceLastHeartbeat: msNumberToTs(60_000) };
  const { workers } = workersOf({
    heartbeats: [
      heartbeat(170, { ...pace, workerInstanceKey: 'slow' }),
      heartbeat(181, { ...pace, workerInstanceKey: 'dead' }),
      heartbeat(50, { startTime: ago(110), workerInstanceKey: 'new' }),
    ],
  });
  expect(await workers.of('queue')).toMatchObject([
    { id: 'slow', online: true },
    { id: 'new', online: true },
    { id: 'dead', online: false },
  ]);
});

test.each([
  ['one late heartbeat', 9, 16],
  ['a long sleep of its machine', 36_000, 181],
])('%s does not keep a dead worker alive', async (_, late, silent) => {
  const elapsedSinceLastHeartbeat = msNumberToTs(late * 1000);
  const { workers } = workersOf({ heartbeats: [heartbeat(silent, { elapsedSinceLastHeartbeat })] });
  expect(await workers.of('queue')).toMatchObject([{ status: 'LOST' }]);
});

test('one that has shut down is gone, and its polls too', async () => {
  const status = enums.WorkerStatus.WORKER_STATUS_SHUTDOWN;
  const { workers } = workersOf({
    heartbeats: [heartbeat(1, { status })],
    pollers: [poller('1@host', 2)],
  });
  expect(await workers.of('queue')).toEqual([]);
});

test('one that was asked to end and is silent since has ended, and is not lost', async () => {
  const status = enums.WorkerStatus.WORKER_STATUS_SHUTTING_DOWN;
  const ending = workersOf({ heartbeats: [heartbeat(14, { status, startTime: ago(15) })] });
  expect(await ending.workers.of('queue')).toMatchObject([{ status: 'SHUTTING_DOWN' }]);
  const ended = workersOf({ heartbeats: [heartbeat(16, { status, startTime: ago(17) })] });
  expect(await ended.workers.of('queue')).toEqual([]);
});

test('one that has not reported itself yet is known by its polls, before the lost ones', async () => {
  const { workers } = workersOf({
    heartbeats: [heartbeat(16)],
    pollers: [poller('2@host', 2), poller('3@host', 80)],
  });
  expect(await workers.of('queue')).toMatchObject([
    { id: '2@host', pid: '2', host: 'host', online: true, startedAt: null },
    { id: 'key', online: false },
  ]);
});

const sign = (age: number, more: proto.api.worker.v1.IWorkerHeartbeat = {}) =>
  heartbeat(age, { startTime: ago(age), workerInstanceKey: `${FIRST_SIGN}${age}`, ...more });

test('the first sign of a worker counts until its own heartbeats come, and they alone from then on', async () => {
  const young = workersOf({ heartbeats: [sign(4)] });
  expect(await young.workers.of('queue')).toMatchObject([{ online: true, status: 'RUNNING' }]);
  const older = workersOf({ heartbeats: [sign(20), heartbeat(1, { startTime: ago(20) })] });
  expect(await older.workers.of('queue')).toMatchObject([{ id: 'key', online: true }]);
});

test('a worker of the same name before this one does not outdate its first sign', async () => {
  const pace = { elapsedSinceLastHeartbeat: msNumberToTs(5000) };
  const { workers } = workersOf({
    heartbeats: [sign(2), heartbeat(30, { startTime: ago(600), ...pace })],
  });
  expect(await workers.of('queue')).toMatchObject([{ online: true }, { status: 'LOST' }]);
});

test('one that followed others to an early death is not believed before it has outlived them', async () => {
  const dead = [sign(40), sign(20)];
  const next = { workerIdentity: '9@host' };
  const young = workersOf({ heartbeats: [...dead, sign(3, next)], pollers: [poller('9@host', 2)] });
  expect(await young.workers.of('queue')).toMatchObject([
    { status: 'STARTING', online: false },
    { status: 'LOST' },
    { status: 'LOST' },
  ]);
  const grown = workersOf({ heartbeats: [...dead, heartbeat(1, { ...next, startTime: ago(16) })] });
  expect((await grown.workers.of('queue'))[0]).toMatchObject({ status: 'RUNNING', online: true });
});

test('a Temporal that does not know workers is asked for polls', async () => {
  const error = grpcError(GrpcCode.Unimplemented, 'unknown method ListWorkers');
  const { workers } = workersOf({ errors: [error], pollers: [poller('2@host', 2)] });
  expect(await workers.of('queue')).toMatchObject([{ id: '2@host', online: true }]);
});

test('a queue whose name could end a literal is looked for here', async () => {
  const taskQueue = "it's";
  const { asked, workers } = workersOf({
    heartbeats: [heartbeat(1), heartbeat(1, { taskQueue, workerInstanceKey: 'mine' })],
  });
  expect(await workers.of(taskQueue)).toMatchObject([{ id: 'mine', taskQueue }]);
  expect(asked).toEqual(['workers undefined']);
});

test('a failed question is asked again', async () => {
  const { workers } = workersOf({ errors: [new Error('down')], heartbeats: [heartbeat(1)] });
  await expect(workers.of('queue')).rejects.toThrow('down');
  expect(await workers.of('queue')).toHaveLength(1);
});
