/**
 * Viewers in a process of their own, steered over IPC: `open` sockets, `report` what they got, `stall` to stop
 * reading. They speak the protocol by hand, so that the client costs as little as it can.
 */
import { WebSocket } from 'ws';

export type ToViewers =
  | {
      readonly type: 'open';
      readonly count: number;
      readonly url: string;
      /** Null: a plain socket that only listens. */
      readonly subscribe: string | null;
    }
  | { readonly type: 'report' }
  | { readonly type: 'stall' };
export type FromViewers =
  | { readonly type: 'opened' }
  | {
      readonly type: 'report';
      readonly received: number;
      /** Of all that was received. */
      readonly bytes: number;
      readonly ages: readonly number[];
    };

const sockets: WebSocket[] = [];
let ages: number[] = [];
let received = 0;
let bytes = 0;

process.on('message', (message: ToViewers) => {
  void obey(message);
});

async function obey(message: ToViewers): Promise<void> {
  switch (message.type) {
    case 'open':
      for (let opened = 0; opened < message.count; opened += 100)
        await Promise.all(
          Array.from({ length: Math.min(100, message.count - opened) }, () => open(message)),
        );
      return answer({ type: 'opened' });
    case 'report':
      answer({ type: 'report', received, bytes, ages });
      ages = [];
      received = bytes = 0;
      return;
    case 'stall':
      for (const socket of sockets) socket.pause();
      return;
  }
}

function open({ url, subscribe }: { url: string; subscribe: string | null }): Promise<void> {
  const socket = new WebSocket(url, subscribe === null ? [] : 'graphql-transport-ws', {
    perMessageDeflate: false,
  });
  sockets.push(socket);
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => {
      if (subscribe === null) resolve();
      else socket.send('{"type":"connection_init"}');
    });
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      if (text.includes('"connection_ack"')) {
        socket.send(subscribe ?? '');
        resolve();
      } else if (text.includes('"ping"')) socket.send('{"type":"pong"}');
      else {
        const at = /"at":(\d+)/.exec(text)?.[1];
        if (at === undefined) return;
        received++;
        bytes += data.length;
        ages.push(Date.now() - Number(at));
      }
    });
  });
}

function answer(message: FromViewers): void {
  process.send?.(message);
}
