import { TaskError } from '../../../../src/contract/task-error.ts';
import { ask } from './ask.ts';
import type { AskOptions } from './ask.ts';
import { Connections } from './connections.ts';
import { Credentials } from './credentials.ts';
import type { CredentialOptions } from './credentials.ts';
import type { Document } from './document.ts';
import { isPassing, toError } from './wire-errors.ts';
import { iterate } from './iterate.ts';
import { backOff, pause } from './pause.ts';
import { sockets } from './socket-transport.ts';
import type { HttpOptions } from './request.ts';
import type { Transport } from './transport.ts';

export interface WireOptions extends CredentialOptions {
  /** Of GraphQL over HTTP, such as `https://tasks.example.com/graphql`; in a page it may leave out its own host. */
  readonly url: string;
  /** How runs, logs and lists are followed. Default: in a page over a socket, elsewhere by event streams. */
  readonly transport?: 'socket' | 'events' | undefined;
  /** The event streams of `@waymark/client/events`, for a page: bundles of one do not have them by themselves. */
  readonly events?: ((options: HttpOptions) => Transport) | undefined;
  /** Seconds in which a question is answered. Default: 15. */
  readonly deadline?: number | undefined;
  /** Seconds for which what is followed tries to reach the gateway again before it gives up. Default: for ever. */
  readonly patience?: number | undefined;
  /** Default: that of the platform. */
  readonly fetch?: typeof fetch | undefined;
  /** Default: that of the platform. */
  readonly WebSocket?: typeof WebSocket | undefined;
}

export interface FollowOptions<Data, Variables> {
  readonly signal?: AbortSignal | undefined;
  /** Variables that make the next connection go on after this answer. Without it, it begins anew. */
  readonly resume?: ((answer: Data) => Partial<Variables>) | undefined;
  /** Called when it is connected again. */
  readonly again?: (() => void) | undefined;
}

/** Asks and follows, whatever the documents are about. */
export class Wire {
  readonly connections = new Connections();
  readonly #options: WireOptions;
  readonly #credentials: Credentials;
  readonly #followed = new Set<AbortController>();
  #isClosed = false;
  #made: Transport | undefined;

  constructor(options: WireOptions) {
    this.#options = options;
    this.#credentials = new Credentials(options);
  }

  /** The answer to a query or mutation. Throws the first error that is in it. */
  async ask<Data, Variables extends object>(
    document: Document<Data, Variables>,
    variables: NoInfer<Variables>,
    options: AskOptions = {},
  ): Promise<Data> {
    const { deadline = 15 } = this.#options;
    const operation = { query: document.toString(), variables };
    const { data, errors } = await ask(operation, this.#http(''), { ...options, deadline });
    const [error] = errors ?? [];
    if (error) throw toError(error);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the gateway answers what its schema says
    return data as Data;
  }

  /** The answers to a subscription, over broken connections, until the gateway says that it is over. */
  follow<Data, Variables extends object>(
    document: Document<Data, Variables>,
    variables: NoInfer<Variables>,
    { signal, ...options }: FollowOptions<Data, NoInfer<Variables>> = {},
  ): AsyncIterableIterator<Data> {
    return iterate((ended) => this.#follow(document, variables, options, ended), signal);
  }

  /** Ends everything that is followed, and its sockets. */
  close(): void {
    this.#isClosed = true;
    for (const one of this.#followed) one.abort();
    this.#made?.close();
  }

  async *#follow<Data, Variables extends object>(
    document: Document<Data, Variables>,
    variables: Variables,
    { resume, again }: Omit<FollowOptions<Data, Variables>, 'signal'>,
    ended: AbortSignal,
  ): AsyncGenerator<Data, void> {
    const stop = new AbortController();
    const leave = (): void => stop.abort();
    ended.addEventListener('abort', leave);
    if (this.#isClosed || ended.aborted) leave();
    this.#followed.add(stop);
    const { connections } = this;
    let isBroken = false;
    const live = (): void => {
      connections.set(stop, { state: 'live' });
      if (isBroken) again?.();
      isBroken = false;
    };
    const patience = (this.#options.patience ?? Infinity) * 1000;
    let place: Partial<Variables> | undefined;
    let failures = 0;
    let heard = Date.now();
    try {
      connections.set(stop, { state: 'connecting' });
      while (!stop.signal.aborted) {
        try {
          const operation = { query: document.toString(), variables: { ...variables, ...place } };
          for await (const { data, errors } of this.#live.open(operation, live, stop.signal)) {
            const [error] = errors ?? [];
            if (error) throw toError(error);
            failures = 0;
            heard = Date.now();
            // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
            const answer = data as Data;
            if (resume) place = resume(answer);
            yield answer;
          }
          return;
        } catch (error) {
          // oxlint-disable-next-line typescript/no-unnecessary-condition -- it changes while it waits
          if (stop.signal.aborted) return;
          if (!isPassing(error) || Date.now() - heard >= patience) throw error;
          const wait = Math.max(backOff(failures++), secondsOf(error) * 1000);
          connections.set(stop, { state: 'waiting', retryAt: new Date(Date.now() + wait) });
          isBroken = true;
          await pause(Math.min(wait, heard + patience - Date.now()), stop.signal);
        }
      }
    } finally {
      ended.removeEventListener('abort', leave);
      this.#followed.delete(stop);
      leave();
      connections.leave(stop);
    }
  }

  /** Made when something is followed for the first time: a server that renders a page opens nothing. */
  get #live(): Transport {
    return (this.#made ??= this.#transport());
  }

  #transport(): Transport {
    const socket = this.#options.WebSocket ?? globalThis.WebSocket;
    const { transport = isPage() ? 'socket' : 'events' } = this.#options;
    if (transport === 'events') {
      const { events } = this.#options;
      if (!events) throw new TypeError('Expected `events` of `@waymark/client/events`');
      return events(this.#http('/stream'));
    }
    const url = this.#url('').replace(/^http/, 'ws');
    return sockets({ url, credentials: this.#credentials, WebSocket: socket });
  }

  #http(path: string): HttpOptions {
    // A browser's own wants to be called by itself.
    const { fetch = (...args: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...args) } =
      this.#options;
    return { url: this.#url(path), credentials: this.#credentials, fetch };
  }

  #url(path: string): string {
    const base = isPage() ? globalThis.location.href : undefined;
    return new URL(this.#options.url, base).href.replace(/\/$/, '') + path;
  }
}

/** A page or a worker of one: elsewhere nothing is relative to anything, and sockets are not everywhere. */
const isPage = (): boolean =>
  typeof globalThis.location === 'object' && typeof globalThis.WebSocket === 'function';

const secondsOf = (error: TaskError): number => error.details.retryAfter ?? 0;
