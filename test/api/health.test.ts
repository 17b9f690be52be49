import { EventEmitter, once } from 'node:events';
import Fastify, { type FastifyInstance } from 'fastify';
import { expect, test } from 'vitest';
import { health, type HealthOptions } from '../../src/api/health.ts';

async function probe(options: HealthOptions): Promise<FastifyInstance> {
  const app = Fastify();
  await app.register(health, options);
  return app;
}
const ask = async (app: FastifyInstance, url: string) => {
  const reply = await app.inject(url);
  return { status: reply.statusCode, body: reply.json() };
};

test('the process answers whatever it needs', async () => {
  const app = await probe({ ready: () => Promise.reject(new Error('down')) });
  expect(await ask(app, '/healthz')).toEqual({ status: 200, body: { status: 'ok' } });
});

test('readiness follows what the gateway needs', async () => {
  let up = true;
  const app = await probe({
    ready: async () => {
      if (!up) throw new Error('connect ECONNREFUSED 10.0.0.5:7233');
    },
  });
  const ready = { status: 200, body: { status: 'ready' } };
  expect(await ask(app, '/readyz')).toEqual(ready);
  up = false;
  expect(await ask(app, '/readyz')).toEqual({ status: 503, body: { status: 'unavailable' } });
  up = true;
  expect(await ask(app, '/readyz')).toEqual(ready);
});

test('what does not answer in time is not ready', async () => {
  const app = await probe({ ready: () => new Promise(() => {}), deadline: 20 });
  expect(await ask(app, '/readyz')).toEqual({ status: 503, body: { status: 'unavailable' } });
});

test('many probes ask once', async () => {
  let asked = 0;
  let answer: (() => void) | undefined;
  const app = await probe({
    ready: () => {
      asked++;
      return new Promise<void>((resolve) => {
        answer = resolve;
      });
    },
  });
  const replies = Array.from({ length: 10 }, () => ask(app, '/readyz'));
  await expect.poll(() => asked).toBe(1);
  // Each has come to the question before it is answered.
  await ask(app, '/healthz');
  answer?.();
  expect(await Promise.all(replies)).toEqual(
    Array.from({ length: 10 }, () => ({ status: 200, body: { status: 'ready' } })),
  );
  expect(asked).toBe(1);
});

test('a process that begins to close is not ready', async () => {
  const app = await probe({ ready: async () => {} });
  const gate = new EventEmitter();
  const goOn = once(gate, 'open');
  const closing = once(gate, 'closing');
  app.addHook('preClose', async () => {
    gate.emit('closing');
    await goOn;
  });
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const closed = app.close();
  await closing;
  const reply = await fetch(`${address}/readyz`, { headers: { connection: 'close' } });
  expect(reply.status).toBe(503);
  gate.emit('open');
  await closed;
});
