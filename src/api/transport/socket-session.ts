import { GraphQLError, OperationTypeNode } from 'graphql';
import type { ExecutionResult } from 'graphql';
import { CloseCode, MessageType, parseMessage } from 'graphql-ws';
import type { CompleteMessage, ConnectionInitMessage, Message, SubscribeMessage } from 'graphql-ws';
import { TaskError } from '../../contract/task-error.ts';
import type { Session, SessionEnd } from '../../login/session.ts';
import { turnFor } from './document-rules.ts';
import { isRefusal } from './errors.ts';
import { executeOnce, follow } from './follow.ts';
import type { OperationArgs, Results } from './follow.ts';
import type { LiveOperations } from './live-operations.ts';
import type { GatewayContext } from '../schema/kit/context.ts';
import type { Said } from './presented.ts';

/** What a session speaks over. */
export interface Wire {
  /** Answers what to wait for before more is sent, if there is no room for it. */
  readonly send: (frame: string) => Promise<void> | undefined;
  readonly close: (code: number, reason: string) => void;
}

export interface SessionOptions {
  readonly operations: LiveOperations;
  /** Who asks, by what was said when the socket opened. An error with a `statusCode` of 401 or 403 refuses it. */
  readonly admit: (said: Said | undefined) => Promise<Session>;
  /** Of one operation. */
  readonly context: (session: Session) => GatewayContext;
  readonly limits: {
    /** Operations that run at once; as many again may be ending. */
    readonly operations: number;
    /** Milliseconds from the opening to `connection_init`. */
    readonly init: number;
  };
}

/** Speaks `graphql-transport-ws` with one client: its operations begin, answer and end by themselves. */
export class SocketSession {
  readonly #wire: Wire;
  readonly #options: SessionOptions;
  /** By the ids that the client has given them, which are free again as soon as it has completed one. */
  readonly #running = new Map<string, Operation>();
  /** With those that were left and have not ended yet. */
  #unended = 0;
  readonly #patience: NodeJS.Timeout;
  #greeted = false;
  #session: Session | undefined;
  #unwatch = (): void => {};
  #closed = false;

  constructor(wire: Wire, options: SessionOptions) {
    this.#wire = wire;
    this.#options = options;
    this.#patience = setTimeout(
      () => this.#close(CloseCode.ConnectionInitialisationTimeout, 'No connection_init in time'),
      options.limits.init,
    );
  }

  /** Resolves when what the client asked for is over. Rejects when something of ours fails. */
  async receive(text: string): Promise<void> {
    // What was sent before the client knew that it is over.
    if (this.#closed) return;
    const message = read(text);
    switch (message?.type) {
      case MessageType.ConnectionInit:
        return await this.#greet(message);
      case MessageType.Ping:
        return await this.#send({
          type: MessageType.Pong,
          ...(message.payload && { payload: message.payload }),
        });
      case MessageType.Pong:
        return;
      case MessageType.Subscribe:
        return await this.#subscribe(message);
      case MessageType.Complete:
        return await this.#complete(message);
      // What is no message, and what only servers send.
      case undefined:
      case MessageType.ConnectionAck:
      case MessageType.Next:
      case MessageType.Error:
        return this.#close(CloseCode.BadRequest, 'Invalid message received');
    }
  }

  /** Ends everything that runs. Resolves when it has ended. */
  async leave(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#patience);
    this.#unwatch();
    const left = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(left.map(async (operation) => await operation.leave()));
  }

  async #greet({ payload }: ConnectionInitMessage): Promise<void> {
    if (this.#greeted)
      return this.#close(CloseCode.TooManyInitialisationRequests, 'More than one connection_init');
    this.#greeted = true;
    clearTimeout(this.#patience);
    try {
      const session = await this.#options.admit(payload);
      // A name that cannot be one is refused here too.
      this.#options.context(session);
      // The client may have gone meanwhile.
      if (this.#closed) return;
      this.#session = session;
      this.#unwatch = session.watch((end) => this.#close(CloseCode.Forbidden, WORDS[end]));
    } catch (error) {
      if (isForLater(error)) return this.#close(TRY_AGAIN, 'Try again later');
      if (!isRefusal(error)) throw error;
      return this.#close(CloseCode.Forbidden, 'Forbidden');
    }
    await this.#send({ type: MessageType.ConnectionAck });
  }

  async #subscribe({ id, payload }: SubscribeMessage): Promise<void> {
    const session = this.#session;
    if (!session) return this.#close(CloseCode.Unauthorized, 'Unauthorized');
    if (id.length > LONGEST_ID)
      return this.#close(CloseCode.BadRequest, `Ids have at most ${LONGEST_ID} characters`);
    if (this.#running.has(id))
      return this.#close(
        CloseCode.SubscriberAlreadyExists,
        'Subscriber for this id already exists',
      );
    const operation = new Operation();
    this.#running.set(id, operation);
    this.#unended++;
    try {
      const failure = await this.#run(id, payload, operation, session);
      const errors = failure && this.#options.operations.formatErrors(failure.errors);
      if (operation.left) return;
      await this.#send(
        errors
          ? { type: MessageType.Error, id, payload: errors }
          : { type: MessageType.Complete, id },
      );
    } finally {
      this.#unended--;
      if (this.#running.get(id) === operation) this.#running.delete(id);
    }
  }

  /** Resolves when the operation is over, with the errors that ended it or let it not begin. */
  async #run(
    id: string,
    payload: SubscribeMessage['payload'],
    operation: Operation,
    session: Session,
  ): Promise<Failure | undefined> {
    const { operations, context, limits } = this.#options;
    if (this.#running.size > limits.operations || this.#unended > 2 * limits.operations)
      return { errors: [tooMany(limits.operations)] };
    await turnFor(payload.query);
    const prepared = operations.prepare(payload);
    if ('errors' in prepared) return prepared;
    const own = context(session);
    if (operation.left) return undefined;
    const args = orTaskError(() => prepared.run(own));
    if (args instanceof TaskError) return { errors: [args] };
    const head = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
    const send = (result: ExecutionResult) =>
      this.#wire.send(`${head}${operations.toText(result)}}`);
    return await operation.deliver(await resultsOf(args, prepared.kind), send);
  }

  async #complete({ id }: CompleteMessage): Promise<void> {
    const operation = this.#running.get(id);
    this.#running.delete(id);
    await operation?.leave();
  }

  async #send(message: object): Promise<void> {
    await this.#wire.send(JSON.stringify(message));
  }

  #close(code: number, reason: string): void {
    this.#closed = true;
    this.#wire.close(code, reason);
  }
}

interface Failure {
  readonly errors: readonly Error[];
}

const isForLater = (error: unknown): boolean =>
  error instanceof TaskError
    ? error.code === 'RATE_LIMITED'
    : isRefusal(error) && error.statusCode === 503;

/** Clients come back after it, and after `Forbidden`. */
const TRY_AGAIN = 1013;
const WORDS: Readonly<Record<SessionEnd, string>> = {
  expired: 'Token expired: come back with a new one, and go on from your last cursor',
  revoked: 'Forbidden',
  changed: 'Rights changed: come back, and go on from your last cursor',
};

/** It is kept for as long as its operation runs, and is in each frame of it. */
const LONGEST_ID = 256;

/** From a subscription's message to its end. Whatever comes for it after the client has left it is ended. */
class Operation {
  #results: Results | undefined;
  #left = false;

  get left(): boolean {
    return this.#left;
  }

  async leave(): Promise<void> {
    this.#left = true;
    await this.#results?.return();
  }

  /** Sends results as they come, each when there is room for it. Resolves at their end, with what went wrong. */
  async deliver(
    results: Results | ExecutionResult,
    send: (result: ExecutionResult) => Promise<void> | undefined,
  ): Promise<Failure | undefined> {
    if (!(Symbol.asyncIterator in results)) {
      if (!this.#left) await send(results);
      return undefined;
    }
    this.#results = results;
    if (this.#left) await results.return();
    try {
      for (;;) {
        const result = await results.next();
        if (result.done === true || this.#left) return undefined;
        const room = send(result.value);
        if (room) await room;
      }
    } catch (error) {
      await results.return();
      return { errors: [error instanceof Error ? error : new Error(String(error))] };
    }
  }
}

/** There may be no room for an operation: it is refused, and its socket stays. */
function orTaskError<T>(work: () => T): T | TaskError {
  try {
    return work();
  } catch (error) {
    if (error instanceof TaskError) return error;
    throw error;
  }
}

async function resultsOf(
  args: OperationArgs,
  kind: OperationTypeNode,
): Promise<Results | ExecutionResult> {
  return await (kind === OperationTypeNode.SUBSCRIPTION ? follow(args) : executeOnce(args));
}

/** Undefined: it is none. */
function read(text: string): Message | undefined {
  try {
    return parseMessage(text);
  } catch {
    return undefined;
  }
}

const tooMany = (limit: number): GraphQLError =>
  new GraphQLError(
    `A socket may run at most ${limit} operations at once: complete some, or open another.`,
    { extensions: { code: 'LIMIT_EXCEEDED' } },
  );
