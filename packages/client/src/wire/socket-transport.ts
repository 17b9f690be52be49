import { GatewayError, refused, unreachable } from './wire-errors.ts';
import type { AnsweredError } from './wire-errors.ts';
import { Inbox } from './inbox.ts';
import type { Credentials } from './credentials.ts';
import type { Answer, Operation } from './request.ts';
import type { Transport } from './transport.ts';

export interface SocketOptions {
  /** `ws:` or `wss:`. */
  readonly url: string;
  readonly credentials: Credentials;
  readonly WebSocket: typeof WebSocket;
}

/** `graphql-transport-ws` over one socket, which opens when it is needed and closes a while after. */
export function sockets(options: SocketOptions): Transport {
  const open = new Set<Socket>();
  let refusals = 0;
  const socket = (): Socket => {
    // Beyond what one may carry there is another.
    const free = [...open].find(({ size }) => size < OPERATIONS);
    if (free) return free;
    const made = new Socket(options, {
      ready: () => (refusals = 0),
      closed: () => void open.delete(made),
      mayComeBack: () => options.credentials.refuse() && ++refusals < 2,
    });
    open.add(made);
    return made;
  };
  return {
    async *open(operation, live, signal) {
      yield* socket().follow(operation, live, signal);
    },
    close: () => open.forEach((one) => one.close()),
  };
}

/** Of a gateway's socket. */
const OPERATIONS = 32;
/** Milliseconds that an unused socket stays open. */
const UNUSED = 5000;
/** Milliseconds in which a sign of life must come, before it is asked for and after. */
const SILENCE = 15_000;
/** Answers that wait for their reader before it has to ask for them again. */
const WAITING = 1000;

interface Owner {
  readonly ready: () => void;
  readonly closed: () => void;
  /** Whether a credential that was never taken may be replaced. */
  readonly mayComeBack: () => boolean;
}

class Socket {
  readonly #owner: Owner;
  readonly #inboxes = new Map<string, Inbox<Answer>>();
  readonly #live = new Set<() => void>();
  /** To be sent when the gateway has let us in. */
  readonly #unsent: string[] = [];
  #socket: WebSocket | undefined;
  #isReady = false;
  #isClosed = false;
  #ids = 0;
  #silent = 0;
  readonly #watch: ReturnType<typeof setInterval>;
  #leaving: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SocketOptions, owner: Owner) {
    this.#owner = owner;
    this.#watch = setInterval(() => this.#listen(), SILENCE);
    this.#open(options).catch((error: unknown) =>
      this.#break(error instanceof Error ? error : unreachable(error)),
    );
  }

  get size(): number {
    return this.#inboxes.size;
  }

  async *follow(
    { query, variables }: Operation,
    live: () => void,
    signal: AbortSignal,
  ): AsyncGenerator<Answer, void> {
    clearTimeout(this.#leaving);
    const id = String(++this.#ids);
    const inbox = new Inbox<Answer>();
    this.#inboxes.set(id, inbox);
    this.#live.add(live);
    if (this.#isReady) live();
    this.#say({ type: 'subscribe', id, payload: { query, variables } });
    try {
      yield* inbox.take(signal);
    } finally {
      this.#live.delete(live);
      this.#leave(id);
    }
  }

  close(): void {
    this.#break(unreachable());
  }

  async #open({ url, credentials, WebSocket }: SocketOptions): Promise<void> {
    const payload = await credentials.said();
    if (this.#isClosed) return;
    const socket = new WebSocket(url, 'graphql-transport-ws');
    this.#socket = socket;
    socket.addEventListener('open', () =>
      socket.send(JSON.stringify({ type: 'connection_init', payload })),
    );
    socket.addEventListener('message', ({ data }) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the gateway speaks the protocol
      this.#hear(JSON.parse(String(data)) as Message);
    });
    socket.addEventListener('close', ({ code, reason }) => this.#break(this.#reason(code, reason)));
    // A close follows.
    socket.addEventListener('error', () => {});
  }

  #hear(message: Message): void {
    this.#silent = 0;
    const inbox = this.#inboxes.get(message.id ?? '');
    switch (message.type) {
      case 'connection_ack':
        this.#isReady = true;
        this.#owner.ready();
        for (const text of this.#unsent.splice(0)) this.#socket?.send(text);
        for (const live of this.#live) live();
        return;
      case 'ping':
        return this.#send(JSON.stringify({ type: 'pong' }));
      case 'next':
        inbox?.push(message.payload);
        // A reader that is behind asks again, from where it is.
        if (inbox && inbox.size > WAITING) this.#end(message.id, inbox, unreachable(), true);
        return;
      case 'error':
        inbox?.push({ errors: message.payload });
        return this.#end(message.id, inbox);
      case 'complete':
        return this.#end(message.id, inbox);
      case 'pong':
    }
  }

  #end(id: string, inbox: Inbox<Answer> | undefined, error?: Error, tell = false): void {
    inbox?.finish(error);
    if (this.#inboxes.delete(id) && tell) this.#say({ type: 'complete', id });
    this.#restIfUnused();
  }

  /** Its reader has left. */
  #leave(id: string): void {
    const inbox = this.#inboxes.get(id);
    if (inbox) this.#end(id, inbox, undefined, true);
  }

  #restIfUnused(): void {
    if (this.#inboxes.size > 0 || this.#isClosed) return;
    clearTimeout(this.#leaving);
    this.#leaving = setTimeout(() => this.close(), UNUSED);
  }

  #say(message: object): void {
    const text = JSON.stringify(message);
    if (this.#isReady) this.#send(text);
    else this.#unsent.push(text);
  }

  #send(text: string): void {
    if (this.#socket?.readyState === 1) this.#socket.send(text);
  }

  /** A network that is gone closes nothing. */
  #listen(): void {
    if (this.#silent++ === 0) return this.#send(JSON.stringify({ type: 'ping' }));
    this.#break(unreachable());
  }

  #reason(code: number, reason: string): Error {
    if (code !== FORBIDDEN)
      return isFinal(code) ? new GatewayError(`SOCKET_${code}`, reason) : unreachable();
    // One that was let in may have expired, or has other rights now: it comes back and shows what it has.
    const mayComeBack = this.#isReady ? true : this.#owner.mayComeBack();
    return mayComeBack ? unreachable() : refused(reason);
  }

  #break(error: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#watch);
    clearTimeout(this.#leaving);
    this.#owner.closed();
    for (const inbox of this.#inboxes.values()) inbox.finish(error);
    this.#inboxes.clear();
    // Before it is open a browser warns of it, and closes it all the same.
    this.#socket?.close();
  }
}

type Message =
  | { readonly type: 'next'; readonly id: string; readonly payload: Answer }
  | { readonly type: 'error'; readonly id: string; readonly payload: readonly AnsweredError[] }
  | { readonly type: 'complete'; readonly id: string }
  | { readonly type: 'connection_ack' | 'ping' | 'pong'; readonly id?: undefined };

const FORBIDDEN = 4403;
/** What the protocol itself refuses, it would refuse again; but for a socket that was opened too slowly. */
const isFinal = (code: number): boolean => code >= 4400 && code !== 4408;
