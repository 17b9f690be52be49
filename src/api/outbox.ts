import type { WebSocket } from 'ws';

/**
 * Writes to a socket no faster than its client reads. What `send` waits for is not made: iterators are asked for
 * their next value only when the last one is on its way.
 */
export class Outbox {
  readonly #socket: WebSocket;
  /** Bytes that wait in the socket before nothing more is written to it. */
  readonly #buffer: number;
  readonly #waiting: (() => void)[] = [];
  #sending = 0;
  #taken = 0;

  constructor(socket: WebSocket, buffer: number) {
    this.#socket = socket;
    this.#buffer = buffer;
    socket.once('close', () => this.#release());
  }

  /** Since when the client has taken nothing of what waits, by `performance.now()`; undefined when nothing waits. */
  get waitingSince(): number | undefined {
    return this.#sending === 0 ? undefined : this.#taken;
  }

  /** Resolves when the frame is written, or the socket is closed. */
  async send(frame: string): Promise<void> {
    if (this.#sending++ === 0) this.#taken = performance.now();
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
    this.#taken = performance.now();
    if (!this.#isFull()) this.#release();
  }

  /** A client that does not read is not listened to either: each of its requests would make another answer. */
  #pace(): void {
    if (this.#sending > MANY || this.#isFull()) this.#socket.pause();
    else if (this.#socket.isPaused) this.#socket.resume();
  }

  #isFull(): boolean {
    return this.#isOpen() && this.#socket.bufferedAmount >= this.#buffer;
  }

  #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  #release(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** Tells a client that takes nothing to come back. */
  giveUp(): void {
    this.#socket.close(1013, 'Read too slowly: subscribe again from your last cursor');
    // To read its answer, or the socket would stay for as long as it may.
    this.#socket.resume();
    this.#release();
  }
}

/** Answers that may wait at once before requests have to. */
const MANY = 64;
