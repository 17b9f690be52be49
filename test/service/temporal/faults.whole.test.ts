import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { temporalCli } from '../../../src/local/temporal-cli.ts';
import { startTemporalServer } from '../../../src/local/temporal-server.ts';
import { connectTemporal } from '../../../src/service/temporal/connect.ts';
import { TaskService } from '../../../src/service/task-service.ts';
import { CallCounter } from '../../support/count-calls.ts';
import { lossyProxy } from '../../support/lossy-proxy.ts';
import type { LossyProxy } from '../../support/lossy-proxy.ts';
import * as tasks from '../../support/tasks/workflows.ts';
import { connect, eventually } from '../../support/whole.ts';

/** Nobody serves it: what counts here is what was started. */
const taskQueue = `idle-${randomUUID()}`;

const nothing = (): void => {};

describe('behind a network that loses things', () => {
  const calls = new CallCounter();
  let proxy: LossyProxy;
  let beforeCancel = nothing;
  let connection: Connection;
  let service: TaskService<typeof tasks>;
  let direct: { readonly client: Client; stop(): Promise<void> };

  beforeAll(async () => {
    direct = await connect();
    proxy = await lossyProxy(inject('temporal').address);
    connection = await Connection.connect({
      address: proxy.address,
      interceptors: [
        calls.interceptor,
        (options, next) => {
          if (options.method_definition.path.endsWith('/RequestCancelWorkflowExecution'))
            beforeCancel();
          return next(options) as never;
        },
      ],
    });
    const client = new Client({ connection });
    service = new TaskService<typeof tasks>({ client, tasks, taskQueue, deadline: 3000 });
  });
  afterAll(async () => {
    await service.close();
    await connection.close();
    await proxy.close();
    await direct.stop();
  });
  beforeEach(async () => {
    beforeCancel = nothing;
    proxy.heal();
    await eventually(() => service.settings());
  });

  const eventsOf = async (id: string) =>
    (await direct.client.workflow.getHandle(id).fetchHistory()).events ?? [];
  const startsOf = async (id: string) =>
    (await eventsOf(id)).filter((event) => event.workflowExecutionStartedEventAttributes).length;
  const cancelsOf = async (id: string) =>
    (await eventsOf(id)).filter((event) => event.workflowExecutionCancelRequestedEventAttributes)
      .length;
  const nap = (key?: string) =>
    service.trigger({ definition: 'takeNap', input: { ms: 60_000 }, key });

  test('a start whose reply is lost is one run and a good answer', async () => {
    proxy.dropReplies();
    setTimeout(() => {
      proxy.heal();
      proxy.cut();
    }, 800);
    const { result: run, made } = await calls.during(() => nap());
    expect(made['StartWorkflowExecution']).toBeGreaterThan(1);
    expect(run).toMatchObject({ definition: 'takeNap', deduplicated: false });
    expect(await startsOf(run.id)).toBe(1);
    expect(await service.get(run.id)).toMatchObject({ createdAt: run.createdAt });
  });

  test('a start whose connection is cut is one run and a good answer, with a key too', async () => {
    const key = randomUUID();
    proxy.cutAfterNextRequest();
    const { result: run, made } = await calls.during(() => nap(key));
    expect(made['StartWorkflowExecution']).toBeGreaterThan(1);
    expect(run.deduplicated).toBe(false);
    expect(await startsOf(run.id)).toBe(1);
    expect(await nap(key)).toMatchObject({ id: run.id, deduplicated: true });
  });

  test('a start that nobody answers may have happened, and its key tells', async () => {
    const key = randomUUID();
    proxy.dropReplies();
    const began = Date.now();
    const error: unknown = await nap(key).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'RESULT_UNKNOWN', details: { key } });
    expect(Date.now() - began).toBeLessThan(5000);
    proxy.heal();
    proxy.cut();
    const run = await eventually(() => nap(key));
    expect(run.id).toBe((error as { details: { runId: string } }).details.runId);
    expect(run.deduplicated).toBe(true);
    expect(await startsOf(run.id)).toBe(1);
  });

  test('an abort whose reply is lost is recorded once, and a good answer', async () => {
    const { id } = await nap();
    beforeCancel = () => {
      beforeCancel = nothing;
      proxy.dropReplies();
      setTimeout(() => {
        proxy.heal();
        proxy.cut();
      }, 300);
    };
    const { result, made } = await calls.during(() => service.abort({ id, reason: 'once' }));
    expect(made['RequestCancelWorkflowExecution']).toBeGreaterThan(1);
    expect(result.outcome).toBe('ABORTING');
    expect(await cancelsOf(id)).toBe(1);
  });

  test('an abort that nobody answers may have happened, and can be asked for again', async () => {
    const { id } = await nap();
    beforeCancel = () => proxy.dropReplies();
    await expect(service.abort({ id })).rejects.toMatchObject({
      code: 'RESULT_UNKNOWN',
      details: { runId: id },
    });
    beforeCancel = nothing;
    proxy.heal();
    proxy.cut();
    expect(await eventually(() => service.abort({ id, reason: 'again' }))).toMatchObject({
      outcome: 'ALREADY_ABORTING',
    });
    expect(await cancelsOf(id)).toBe(1);
  });

  test('a silent network costs no more than the deadline, and heals by itself', async () => {
    const { id } = await nap();
    proxy.blackhole();
    const began = Date.now();
    await expect(service.get(id)).rejects.toMatchObject({ code: 'TIMEOUT' });
    await expect(nap()).rejects.toMatchObject({ code: 'RESULT_UNKNOWN' });
    expect(Date.now() - began).toBeLessThan(9000);
    proxy.heal();
    proxy.cut();
    expect(await eventually(() => service.get(id))).toMatchObject({ id });
  });

  test('a slow network is waited for', async () => {
    proxy.delayReplies(500);
    const run = await nap();
    expect(run.deduplicated).toBe(false);
    expect(await service.get(run.id)).toMatchObject({ status: 'PENDING' });
  });
});

describe('Temporal that goes down', () => {
  let folder: string;
  const toClose: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waymark-faults-'));
  });
  afterAll(async () => {
    for (const close of toClose.toReversed()) await close();
    await rm(folder, { recursive: true, force: true });
  });

  const startServer = async (port?: number) => {
    const server = await startTemporalServer({
      binary: await temporalCli(
        fileURLToPath(new URL('../../../.waymark', import.meta.url)),
        nothing,
      ),
      logFile: join(folder, 'temporal.log'),
      database: join(folder, 'temporal.db'),
      ...(port !== undefined && { port }),
    });
    toClose.push(server.stop);
    return server;
  };

  test('is waited for at the start, told within the deadline in flight, and found again', async () => {
    const first = await startServer();
    const { address } = first;
    const port = Number(address.split(':')[1]);
    await first.stop();

    const told: string[] = [];
    const connecting = connectTemporal(
      { address, namespace: 'default', connection: {} },
      { log: (_, message) => told.push(message) },
    );
    await eventually(() =>
      expect(told[0]).toContain(`Temporal is not reachable at ${address}: waiting`),
    );
    const second = await startServer(port);
    const { client, connection, close } = await connecting;
    toClose.push(close);
    expect(told.at(-1)).toContain('aborts are pushed to activities');

    const service = new TaskService<typeof tasks>({ client, connection, tasks, taskQueue });
    toClose.push(() => service.close());
    const run = await service.trigger({ definition: 'takeNap', input: { ms: 1 } });
    await second.stop();
    for (const ask of [
      () => service.get(run.id),
      () => service.abort({ id: run.id }),
      () => service.list(),
      () => service.trigger({ definition: 'takeNap', input: { ms: 1 } }),
    ]) {
      const began = Date.now();
      await expect(ask()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      expect(Date.now() - began).toBeLessThan(5000);
    }

    await startServer(port);
    expect(await eventually(() => service.get(run.id))).toMatchObject({ id: run.id });
    const next = await service.trigger({ definition: 'takeNap', input: { ms: 1 } });
    expect(next.status).toBe('PENDING');
  });
});
