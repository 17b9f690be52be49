import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import type { ConnectionLike, WorkflowService } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { expect, test } from 'vitest';
import { Temporal } from '../../../src/service/temporal/temporal.ts';
import { GrpcCode } from '../../../src/tools/grpc-code.ts';
import { grpcError } from '../../support/grpc-error.ts';

/** A connection that knows no deadline, as one that retries in secret. */
const connection = {
  workflowService: {} as WorkflowService,
  withDeadline: (_deadline: number | Date, ask: () => Promise<unknown>) => ask(),
  plugins: [],
} as unknown as ConnectionLike;

const temporal = (deadline = 5000): Temporal =>
  new Temporal({ client: new Client({ connection }), deadline });

test('of large payloads one is decoded in each turn of the event loop', async () => {
  const { decode } = temporal();
  const large = defaultPayloadConverter.toPayload('x'.repeat(100_000));
  const decoded: unknown[] = [];
  for (let i = 0; i < 5; i++) void decode([large]).then((values) => decoded.push(...values));
  for (let most = 1; decoded.length < 5; most++) {
    await turn();
    expect(decoded.length).toBeLessThanOrEqual(most);
  }
});

test('a question that is never answered ends at its deadline', async () => {
  const began = Date.now();
  await expect(temporal(100).ask(() => new Promise(() => {}))).rejects.toMatchObject({
    code: 'TIMEOUT',
    message: 'Temporal did not answer within 0.1 s.',
  });
  expect(Date.now() - began).toBeLessThan(2000);
});

test('a server that is away for a moment is asked again', async () => {
  let asked = 0;
  const answer = await temporal().ask(async () => {
    if (++asked < 3) throw grpcError(GrpcCode.Unavailable);
    return 'here';
  });
  expect([answer, asked]).toEqual(['here', 3]);
});

test('a server that stays away is told so, long before the deadline', async () => {
  let asked = 0;
  const answer = temporal(60_000).ask(async () => {
    asked++;
    throw grpcError(GrpcCode.Unavailable);
  });
  await expect(answer).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(asked).toBe(4);
});

test('a refusal is not asked for twice', async () => {
  let asked = 0;
  const answer = temporal().ask(
    async () => {
      asked++;
      throw grpcError(GrpcCode.NotFound, 'workflow not found for ID: a-1');
    },
    { id: 'a-1' },
  );
  await expect(answer).rejects.toMatchObject({ code: 'TASK_RUN_NOT_FOUND' });
  expect(asked).toBe(1);
});

test('a signal ends the call that is under way, and keeps nothing of those that are over', async () => {
  const calls: AbortSignal[] = [];
  // As Temporal's own does: it never takes its listener away.
  const listening = {
    ...connection,
    withAbortSignal(signal: AbortSignal, ask: () => Promise<unknown>) {
      signal.addEventListener('abort', () => {});
      calls.push(signal);
      return ask();
    },
  } as unknown as ConnectionLike;
  const one = new Temporal({ client: new Client({ connection: listening }) });
  const stop = new AbortController();
  const { signal } = stop;
  for (let asked = 0; asked < 20; asked++) await one.ask(async () => 'here', { signal });
  expect(getEventListeners(signal, 'abort')).toEqual([]);

  let failed = 0;
  const away = one.ask(
    async () => {
      failed++;
      throw grpcError(GrpcCode.Unavailable);
    },
    { signal },
  );
  await expect(away).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(failed).toBeGreaterThan(1);
  expect(getEventListeners(signal, 'abort')).toEqual([]);

  const never = one.ask(() => new Promise(() => {}), { signal, deadline: 100 });
  stop.abort();
  expect(calls.at(-1)?.aborted).toBe(true);
  await expect(never).rejects.toMatchObject({ code: 'TIMEOUT' });
});

test('values come back as they went, undefined ones too', async () => {
  const values = [{ folder: 'photos' }, undefined, null, 3];
  const one = temporal();
  expect(await one.decode(await one.encode('run', ...values))).toEqual(values);
  expect(await one.decode(undefined)).toEqual([]);
});
