import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';

/** A TCP proxy in front of a server, which spoils the traffic as a network would. */
export interface LossyProxy {
  readonly address: string;
  /** From now on what the server says is thrown away; what clients say still arrives. */
  dropReplies(): void;
  /** From now on nothing passes either way, and nobody is told. */
  blackhole(): void;
  /** From now on what the server says is late by so many milliseconds. */
  delayReplies(milliseconds: number): void;
  /** All well again for connections made from now on, and for bytes on old ones. */
  heal(): void;
  /** Resets every connection, now. */
  cut(): void;
  /** Resets every connection as soon as a client has said something more, which the server still gets. */
  cutAfterNextRequest(): void;
  /** Bytes from clients since the beginning. */
  readonly received: number;
  close(): Promise<void>;
}

export async function lossyProxy(target: string): Promise<LossyProxy> {
  const [host = '127.0.0.1', port = ''] = target.split(':');
  const pairs = new Set<readonly [Socket, Socket]>();
  let mode: 'WELL' | 'NO_REPLIES' | 'BLACKHOLE' | 'CUT_AFTER_REQUEST' = 'WELL';
  let delay = 0;
  let received = 0;

  const cut = (): void => {
    for (const pair of pairs) for (const socket of pair) socket.resetAndDestroy();
  };
  const server = createServer((client) => {
    const upstream = connect(Number(port), host);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    client.on('data', (bytes) => {
      received += bytes.length;
      if (mode === 'BLACKHOLE') return;
      upstream.write(bytes, () => {
        if (mode !== 'CUT_AFTER_REQUEST' || bytes.length < LEAST_REQUEST) return;
        mode = 'NO_REPLIES';
        // A moment, so that the server has taken it in.
        setTimeout(() => {
          mode = 'WELL';
          cut();
        }, 300);
      });
    });
    upstream.on('data', (bytes) => {
      if (mode === 'NO_REPLIES' || mode === 'BLACKHOLE') return;
      if (delay > 0) setTimeout(() => client.write(bytes), delay);
      else client.write(bytes);
    });
    for (const socket of pair)
      socket
        .on('error', () => {})
        .on('close', () => {
          pairs.delete(pair);
          for (const other of pair) other.destroy();
        });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('The proxy has no port.');

  return {
    address: `127.0.0.1:${address.port}`,
    get received() {
      return received;
    },
    dropReplies: () => (mode = 'NO_REPLIES'),
    blackhole: () => (mode = 'BLACKHOLE'),
    delayReplies: (milliseconds) => (delay = milliseconds),
    heal() {
      mode = 'WELL';
      delay = 0;
    },
    cut,
    cutAfterNextRequest: () => (mode = 'CUT_AFTER_REQUEST'),
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Bytes: acknowledgements and pings of HTTP/2 are smaller, a start is larger. */
const LEAST_REQUEST = 200;
