import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { HeldBytes, Holder } from '../../tools/held-bytes.ts';

/**
 * Writes to a socket no faster than its client reads. What `send` waits for is not made: iterators are asked for
 * their next value only when there is room for it.
 */
export class Outbox {
  readonly #socket: WebSocket;
  /** What the socket writes to. */
  readonly #stream: Duplex;
  /** Bytes that wait in the socket before nothing more is made for it. */
  readonly #buffer: number;
  /** What all outboxes of the process, and others, keep. */
  readonly #held: HeldBytes;
  readonly #holder: Holder;
  #waiting: (() => void)[] = [];
  #unsent = 0;
  #taken = 0;

  constructor(
    socket: WebSocket,
    stream: Duplex,
    { buffer, held }: { readonly buffer: number; readonly held: HeldBytes },
  ) {
    this.#socket = socket;
    this.#stream = stream;
    this.#buffer = buffer;
    this.#held = held;
    this.#holder = held.open();
    socket.once('close', () => {
      this.#holder.release();
      this.#release();
    });
  }

  /** Since when the client has taken nothing of what waits, by `performance.now()`; undefined when nothing waits. */
  get waitingSince(): number | undefined {
    return this.#unsent === 0 ? undefined : this.#taken;
  }

  /** Gives a frame to the socket. Answers what to wait for before the next one is made, if there is no room for it. */
  send(frame: string): Promise<void> | undefined {
    if (!this.#isOpen()) return undefined;
    if (this.#unsent++ === 0) this.#taken = performance.now();
    holdForNow(this.#stream);
    this.#socket.send(frame, this.#sent);
    this.#holder.set(this.#socket.bufferedAmount);
    if (this.#stream.writableLength >= MOST_HELD) this.#stream.uncork();
    if (!this.#isFull()) return undefined;
    // A client that does not read is not listened to either: each of its requests would make another answer.
    this.#socket.pause();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  // An error closes the socket, and that is told by its `close`.
  readonly #sent = (): void => {
    this.#unsent--;
    // One that has closed keeps nothing, and is told of its frames all the same.
    if (this.#isOpen()) this.#holder.set(this.#socket.bufferedAmount);
    this.#taken = performance.now();
    if (this.#waiting.length > 0 && !this.#isFull()) this.#release();
  };

  #isFull(): boolean {
    const { bufferedAmount } = this.#socket;
    // While the process holds too much, each client takes what it has been given before more is made for it.
    const room = this.#held.isFull ? 1 : this.#buffer;
    return this.#isOpen() && bufferedAmount >= room;
  }

  #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  #release(): void {
    if (this.#socket.isPaused) this.#socket.resume();
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** Tells a client that takes nothing to come back. */
  giveUp(): void {
    this.#socket.close(1013, 'Read too slowly: subscribe again from your last cursor');
    // Resumes too: to read its answer, or the socket would stay for as long as it may.
    this.#release();
  }
}

const held: Duplex[] = [];
/** Bytes of one socket: many of them may read a long backlog in the same turn. */
const MOST_HELD = 16 * 1024;

/** Has a stream keep what it is given until nothing more is ready: one call to the system for frames that come together. */
function holdForNow(stream: Duplex): void {
  if (stream.writableCorked > 0) return;
  stream.cork();
  if (held.push(stream) === 1) process.nextTick(letGo);
}

function letGo(): void {
  for (const stream of held.splice(0)) stream.uncork();
}
