import type { WebSocket } from 'ws';

export interface OutboxLimits {
  /** Bytes that wait in a socket before nothing more is written to it. */
  readonly buffer: number;
  /** Milliseconds in which a socket must take something of what waits. */
  readonly stall: number;
}

/**
 * Writes to a socket no faster than its client reads. What `send` waits for is not made: iterators are asked for
 * their next value only when the last one is on its way. A client that takes nothing for long is told to come back.
 */
export class Outbox {
  readonly #socket: WebSocket;
  readonly #limits: OutboxLimits;
  readonly #waiting: (() => void)[] = [];
  #sending = 0;
  #stalled: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, limits: OutboxLimits) {
    this.#socket = socket;
    this.#limits = limits;
    socket.once('close', () => this.#end());
  }

  /** Nothing waits to be written. */
  get empty(): boolean {
    return this.#sending === 0;
  }

  /** Resolves when the frame is written, or the socket is closed. */
  async send(frame: string): Promise<void> {
    this.#sending++;
    this.#stalled ??= setTimeout(() => this.#giveUp(), this.#limits.stall);
    this.#pace();
    try {
      while (this.#isFull())
        await new Promise<void>((resolve) => {
          this.#waiting.push(resolve);
        });
      await this.#write(frame);
    } finally {
      this.#sending--;
      this.#pace();
    }
  }

  async #write(frame: string): Promise<void> {
    if (!this.#isOpen()) return;
    // An error closes the socket, and that is told by its `close`.
    await new Promise<void>((resolve) => this.#socket.send(frame, () => resolve()));
    if (this.#sending > 1) this.#stalled?.refresh();
    else this.#endStall();
    if (!this.#isFull()) this.#release();
  }

  /** A client that does not read is not listened to either: each of its requests would make another answer. */
  #pace(): void {
    if (this.#sending > MANY || this.#isFull()) this.#socket.pause();
    else if (this.#socket.isPaused) this.#socket.resume();
  }

  #isFull(): boolean {
    return this.#isOpen() && this.#socket.bufferedAmount >= this.#limits.buffer;
  }

  #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  #release(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }

  #giveUp(): void {
    this.#socket.close(1013, 'Read too slowly: subscribe again from your last cursor');
    // To read its answer, or the socket would stay for as long as it may.
    this.#socket.resume();
    this.#end();
  }

  #end(): void {
    this.#endStall();
    this.#release();
  }

  #endStall(): void {
    clearTimeout(this.#stalled);
    this.#stalled = undefined;
  }
}

/** Answers that may wait at once before requests have to. */
const MANY = 64;
