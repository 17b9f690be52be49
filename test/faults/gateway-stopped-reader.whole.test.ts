import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import Fastify from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gateway } from '../../src/api/gateway.ts';
import { TaskService } from '../../src/service/task-service.ts';
import { connect } from '../api/support/live-gateway.ts';
import * as tasks from '../support/tasks/workflows.ts';
import { eventually, startWorker } from '../support/whole.ts';
import type { WholeTest } from '../support/whole.ts';
import { expectWholeLogs, follow, LogClient } from './log-client.ts';

const MIB = 2 ** 20;
let whole: WholeTest;
let service: TaskService<typeof tasks>;

beforeAll(async () => {
  whole = await startWorker();
  service = new TaskService({ client: whole.client, tasks, taskQueue: whole.taskQueue });
});
afterAll(async () => {
  await service.close();
  await whole.stop();
});

test('one that stops reading 20 MB costs at most 1 MiB, hurts nobody, and goes on from its cursor', async () => {
  const app = Fastify({ forceCloseConnections: true });
  await app.register(gateway, { service });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const ws = `ws://127.0.0.1:${(app.server.address() as AddressInfo).port}/graphql`;
  const streams: Duplex[] = [];
  app.server.on('upgrade', (_request, stream) => streams.push(stream));
  // An activity alone in its run keeps 4 MiB of lines.
  const input = { lines: 420, bytes: 8000 };
  const ids = await Promise.all(
    Array.from(
      { length: 6 },
      async () => (await service.trigger({ definition: 'sayLines', input })).id,
    ),
  );
  const ENDED = ids.map(() => 'SUCCEEDED');

  const viewersOf = (): readonly LogClient[] => ids.map((id) => new LogClient(id));
  const [late, good] = [viewersOf(), viewersOf()];
  const stopped = await connect(ws);
  const [atServer] = streams;
  stopped.socket.pause();
  const told = follow(stopped, late);
  void follow(await connect(ws), good);
  let most = 0;
  const waiting = (): number => {
    const { writableLength = Infinity } = atServer ?? {};
    most = Math.max(most, writableLength);
    return writableLength;
  };
  await eventually(
    () => {
      waiting();
      expect(good.map(({ end }) => end)).toEqual(ENDED);
    },
    { within: 60_000, every: 5 },
  );
  await expectWholeLogs(service, good, 420);
  let held = 0;
  await eventually(
    () => {
      const before = held;
      held = waiting();
      expect([before > 0, held]).toEqual([true, before]);
    },
    { every: 1000 },
  );
  // What it is told in the end waits behind what it did not read.
  await eventually(() => expect(waiting()).toBeGreaterThan(held), { within: 60_000, every: 5 });
  expect(most).toBeLessThanOrEqual(MIB);

  stopped.socket.resume();
  expect(await told).toBe(1013);
  // The kernel may have taken a whole run before the others had begun; not all of them.
  expect(late.map(({ end }) => end)).toContain(undefined);
  void follow(await connect(ws), late);
  await eventually(() => expect(late.map(({ end }) => end)).toEqual(ENDED));
  await expectWholeLogs(service, late, 420);
  await app.close();
});
