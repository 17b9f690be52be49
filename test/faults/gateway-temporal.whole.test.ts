import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { temporalCli } from '../../src/local/temporal-cli.ts';
import { startTemporalServer } from '../../src/local/temporal-server.ts';
import { TaskService } from '../../src/service/task-service.ts';
import { connect } from '../api/support/live-gateway.ts';
import * as tasks from '../support/tasks/workflows.ts';
import { eventually, startWorker } from '../support/whole.ts';
import { expectWholeLogs, follow, LogClient, spawnGateway, timed } from './log-client.ts';

/** A Temporal of this test's own, which can be killed and started again where it was. */
async function ownTemporal() {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-temporal-'));
  const binary = await temporalCli(
    fileURLToPath(new URL('../../.waymark', import.meta.url)),
    () => {},
  );
  let pid = 0;
  const start = async (port?: number) => {
    const server = await startTemporalServer({
      binary,
      logFile: join(folder, 'temporal.log'),
      database: join(folder, 'temporal.db'),
      onSpawn: (started) => (pid = started),
      ...(port !== undefined && { port }),
    });
    onTestFinished(server.stop);
    return server;
  };
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const first = await start();
  return {
    address: first.address,
    async kill() {
      process.kill(pid, 'SIGKILL');
      await first.ended;
    },
    startAgain: () => start(Number(first.address.split(':')[1])),
  };
}

test('when Temporal is killed and comes back, viewers stay and miss nothing, and requests are told in time', async () => {
  const temporal = await ownTemporal();
  const { http, ws } = await spawnGateway(temporal.address);
  const { client, taskQueue, stop } = await startWorker({ address: temporal.address });
  onTestFinished(stop);
  const service = new TaskService({ client, tasks, taskQueue });
  onTestFinished(() => service.close());
  const { id } = await service.trigger({
    definition: 'sayLines',
    input: { lines: 120, rate: 10 },
  });

  const viewers = Array.from({ length: 10 }, () => new LogClient(id));
  const socket = await connect(ws);
  void follow(socket, viewers);
  await eventually(() => expect(viewers.filter(({ lines }) => lines.length < 20)).toEqual([]));

  await temporal.kill();
  for (const query of [
    `{ taskRun(id: "${id}") { id } }`,
    '{ taskRuns { nodes { id } } }',
    'mutation { triggerTask(definition: "testingRun") { __typename } }',
    `mutation { abortTaskRun(id: "${id}") { __typename } }`,
  ]) {
    const { answer, took } = await timed(http, query);
    expect(answer).toMatchObject({ errors: [{ extensions: { code: 'UNAVAILABLE' } }] });
    expect(took).toBeLessThan(6000);
  }
  expect((await fetch(`${http}/healthz`)).status).toBe(200);
  expect((await fetch(`${http}/readyz`)).status).toBe(503);

  await temporal.startAgain();
  await eventually(async () => expect((await fetch(`${http}/readyz`)).status).toBe(200));
  await eventually(() => expect(viewers.filter(({ end }) => end !== 'SUCCEEDED')).toEqual([]), {
    within: 60_000,
  });
  expect(viewers.flatMap(({ error }) => error ?? [])).toEqual([]);
  // No heartbeat arrives while its server is down.
  await expectWholeLogs(service, viewers, 120, { attempts: true });
  socket.socket.terminate();
});
