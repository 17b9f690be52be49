/**
 * A gateway in a process of its own, steered over IPC, so that what it uses is told apart from the worker, the
 * viewers and the bench: `use` answers that, `broadcast` sends ready frames over plain `ws` beside it.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import Fastify from 'fastify';
import { WebSocketServer } from 'ws';
import { gateway } from '../src/api/gateway.ts';
import { directly } from '../src/service/temporal/direct-connection.ts';
import { TaskService } from '../src/service/task-service.ts';
import { CallCounter } from '../test/support/count-calls.ts';
import * as tasks from './tasks/workflows.ts';

export type ToGateway =
  | { readonly type: 'use' }
  /** Collects garbage. */
  | { readonly type: 'collect' }
  | {
      readonly type: 'broadcast';
      /** Frames of so many bytes each, so many at once, so often. */
      readonly bytes: number;
      readonly burst: number;
      readonly times: number;
      readonly every: number;
    };
export type FromGateway =
  | { readonly type: 'ready'; readonly url: string; readonly plainUrl: string }
  | { readonly type: 'done' }
  | {
      readonly type: 'use';
      /** Microseconds since the start. */
      readonly cpu: number;
      /** Bytes. */
      readonly rss: number;
      readonly heap: number;
      /** Bytes of buffers, in the heap of nobody. */
      readonly buffers: number;
      /** Calls to Temporal since the start. */
      readonly calls: number;
    };

const [address = ''] = process.argv.slice(2);
const calls = new CallCounter();
const connection = await Connection.connect({
  ...directly({ address }),
  interceptors: [calls.interceptor],
});
const service = new TaskService({
  client: new Client({ connection }),
  tasks,
  taskQueue: 'bench',
  connection,
});
const app = Fastify();
await app.register(gateway, { service });
const url = await app.listen({ host: '127.0.0.1', port: 0 });
const plain = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
await once(plain, 'listening');

process.on('message', (message: ToGateway) => {
  void obey(message);
});
process.on('disconnect', () => process.exit());
const { port } = plain.address() as { port: number };
answer({
  type: 'ready',
  url: `${url.replace('http', 'ws')}/graphql`,
  plainUrl: `ws://127.0.0.1:${port}`,
});

async function obey(message: ToGateway): Promise<void> {
  if (message.type === 'collect') {
    // What the first one finalizes is free after the second.
    globalThis.gc?.();
    await sleep(100);
    globalThis.gc?.();
    return answer({ type: 'done' });
  }
  if (message.type === 'use') return answer(use());
  for (let n = 0; n < message.times; n++) {
    for (let sent = 0; sent < message.burst; sent++) {
      const frame = Buffer.from(`{"at":${Date.now()}}`.padEnd(message.bytes));
      for (const socket of plain.clients) socket.send(frame, { binary: false });
    }
    await sleep(message.every);
  }
  answer({ type: 'done' });
}

function use(): FromGateway {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    type: 'use',
    cpu: user + system,
    rss,
    heap: heapUsed,
    buffers: external,
    calls: calls.total,
  };
}

function answer(message: FromGateway): void {
  process.send?.(message);
}
