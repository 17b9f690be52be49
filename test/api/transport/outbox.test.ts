import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createHeld } from '../../../src/api/schema/kit/context.ts';
import { Outbox } from '../../../src/api/transport/outbox.ts';
import { HeldBytes } from '../../../src/tools/held-bytes.ts';

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** The two ends of a socket, and what the near one writes to. */
async function connected() {
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const server = new WebSocketServer({ noServer: true });
  const upgraded = new Promise<{ socket: WebSocket; stream: Socket }>((resolve) => {
    http.on('upgrade', (request, stream: Socket, head) =>
      server.handleUpgrade(request, stream, head, (socket) => resolve({ socket, stream })),
    );
  });
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
  const got: string[] = [];
  client.on('message', (data: Buffer) => got.push(String(data)));
  const near = await upgraded;
  await once(client, 'open');
  open.push(() => {
    client.terminate();
    near.socket.terminate();
    http.close();
  });
  return { ...near, client, got };
}

/** Counts what a stream gives to the system. */
function countWrites(stream: Socket): () => number {
  let count = 0;
  const writev = stream._writev?.bind(stream);
  stream._writev = (chunks, callback) => {
    count++;
    writev?.(chunks, callback);
  };
  return () => count;
}

test('frames that come together are one write', async () => {
  const { socket, stream, got } = await connected();
  const writes = countWrites(stream);
  const outbox = new Outbox(socket, stream, { buffer: 1_000_000, held: createHeld() });
  for (const frame of ['a', 'b', 'c']) expect(outbox.send(frame)).toBeUndefined();
  await expect.poll(() => got).toEqual(['a', 'b', 'c']);
  expect(writes()).toBe(1);
  await outbox.send('d');
  await expect.poll(() => got).toHaveLength(4);
  expect(writes()).toBe(2);
});

test('there is room again when the client has read, and until then it is not listened to', async () => {
  const { socket, stream, client } = await connected();
  const outbox = new Outbox(socket, stream, { buffer: 1_000_000, held: createHeld() });
  client.pause();
  let room: Promise<void> | undefined;
  let frames = 0;
  while (!room) {
    room = outbox.send('x'.repeat(100_000));
    frames++;
    await new Promise(setImmediate);
  }
  expect(frames).toBeGreaterThanOrEqual(10);
  expect(socket.isPaused).toBe(true);
  expect(outbox.waitingSince).toBeLessThanOrEqual(performance.now());
  client.resume();
  await room;
  expect(socket.isPaused).toBe(false);
  await expect.poll(() => outbox.waitingSince).toBeUndefined();
});

test('who waits for a client that leaves waits no more, and nothing waits for it afterwards', async () => {
  const { socket, stream, client } = await connected();
  const outbox = new Outbox(socket, stream, { buffer: 1_000_000, held: createHeld() });
  client.pause();
  let room: Promise<void> | undefined;
  while (!room) {
    room = outbox.send('x'.repeat(100_000));
    await new Promise(setImmediate);
  }
  client.terminate();
  await room;
  await expect.poll(() => socket.readyState).toBe(WebSocket.CLOSED);
  expect(outbox.send('x'.repeat(1_000_000))).toBeUndefined();
});

test('while the process keeps too much, each client takes what it was given before more is made', async () => {
  const held = new HeldBytes(300_000, 0);
  const slow = await connected();
  slow.client.pause();
  const stuck = new Outbox(slow.socket, slow.stream, { buffer: 100_000_000, held });
  while (!held.isFull) {
    void stuck.send('x'.repeat(100_000));
    await new Promise(setImmediate);
  }
  const other = await connected();
  const outbox = new Outbox(other.socket, other.stream, { buffer: 1_000_000, held });
  for (let sent = 1; sent <= 3; sent++) {
    await outbox.send('y'.repeat(50_000));
    await expect.poll(() => other.got).toHaveLength(sent);
  }
  slow.client.terminate();
  await expect.poll(() => held.held).toBe(0);
});
