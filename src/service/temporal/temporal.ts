import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ConnectionLike, WorkflowService } from '@temporalio/client';
import {
  decodeArrayFromPayloads,
  decodeOptionalFailureToOptionalError,
  encodeMapToPayloads,
  encodeToPayloadsWithContext,
} from '@temporalio/common/lib/internal-non-workflow/codec-helpers.js';
import type { temporal } from '@temporalio/proto';
import { EncryptionCodec } from '../../encryption/encryption-codec.ts';
import { countCall } from '../../metering/count-calls.ts';
import { Turns } from '../../tools/turns.ts';
import { inTime } from './in-time.ts';
import { withoutPayloads } from './decode-first.ts';
import { isBusy } from './grpc.ts';
import { toTaskError } from './to-task-error.ts';

type Payload = temporal.api.common.v1.IPayload;

export interface TemporalOptions {
  readonly client: Client;
  /** What is asked; the client's own connection unless given. */
  readonly connection?: ConnectionLike;
  /** Milliseconds a question may take unless it says otherwise. */
  readonly deadline?: number | undefined;
}

export interface Asking {
  /** Milliseconds, retries included. */
  readonly deadline?: number | undefined;
  /** The run that is asked about: named when Temporal does not know it. */
  readonly id?: string | undefined;
  /** False: never ask again. */
  readonly retries?: boolean | undefined;
  /** Nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined;
}

/** How the service talks to Temporal: every question ends in time, and an error means something. */
export class Temporal {
  readonly client: Client;
  readonly namespace: string;
  /** Milliseconds a question may take unless it says otherwise. */
  readonly deadline: number;
  /** What is asked. */
  readonly connection: ConnectionLike;
  /** What runs carry is a secret to Temporal. */
  readonly encrypts: boolean;

  constructor({ client, connection = client.connection, deadline = 5000 }: TemporalOptions) {
    this.client = client;
    this.namespace = client.options.namespace;
    this.connection = connection;
    this.deadline = deadline;
    this.encrypts = client.options.loadedDataConverter.payloadCodecs.some(
      (codec) => codec instanceof EncryptionCodec,
    );
  }

  /** Answers what Temporal answers, or rejects with a `TaskError`, within the deadline. */
  async ask<R>(
    question: (service: WorkflowService) => Promise<R>,
    { id, ...asking }: Asking = {},
  ): Promise<R> {
    try {
      return await this.askRaw(question, asking);
    } catch (error) {
      throw toTaskError(error, id);
    }
  }

  /** As `ask`, for whoever must see Temporal's own error. */
  askRaw<R>(
    question: (service: WorkflowService) => Promise<R>,
    { deadline = this.deadline, retries = true, signal }: Omit<Asking, 'id'> = {},
  ): Promise<R> {
    const ask = (): Promise<R> => question(this.connection.workflowService);
    // A connection that retries by itself sleeps between its tries, and no deadline of a call cuts that sleep.
    return inTime(deadline, (ends) =>
      this.#patiently(signal ? () => this.#until(signal, ask) : ask, ends, retries),
    );
  }

  async #patiently<R>(ask: () => Promise<R>, ends: number, retries: boolean): Promise<R> {
    for (let pause = FIRST_PAUSE; ; pause *= 2) {
      try {
        countCall();
        return await this.connection.withDeadline(ends, ask);
      } catch (error) {
        if (!retries || !isBusy(error)) throw error;
        if (pause > LAST_PAUSE || Date.now() + pause >= ends) throw error;
      }
      await sleep(pause * (0.75 + Math.random() / 2));
    }
  }

  /** Temporal's client listens to a signal for as long as it lives: so each call has one of its own. */
  async #until<R>(signal: AbortSignal, ask: () => Promise<R>): Promise<R> {
    const call = new AbortController();
    const end = (): void => call.abort();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    try {
      return await this.connection.withAbortSignal(call.signal, ask);
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  /** The values of payloads, through the client's own converter and codecs. Large ones take turns: many come at once. */
  readonly decode = async (
    payloads: readonly Payload[] | null | undefined,
  ): Promise<readonly unknown[]> => {
    const all = payloads ? [...payloads] : [];
    if (all.some(({ data }) => data && data.length > LARGE)) await TURNS.next();
    return decodeArrayFromPayloads(this.client.options.loadedDataConverter, all);
  };

  /** A failure whose details cannot be decoded still says what it says. */
  readonly decodeFailure = async (
    failure: temporal.api.failure.v1.IFailure | null | undefined,
  ): Promise<Error | undefined> => {
    const { loadedDataConverter } = this.client.options;
    try {
      return await decodeOptionalFailureToOptionalError(loadedDataConverter, failure);
    } catch {
      const plain = failure && withoutPayloads(failure);
      return decodeOptionalFailureToOptionalError(loadedDataConverter, plain);
    }
  };

  /** Values as a run carries them: a codec may have a key for each tenant, and the run's id says whose it is. */
  async encode(id: string, ...values: readonly unknown[]): Promise<Payload[]> {
    const { loadedDataConverter } = this.client.options;
    const context = this.#contextOf(id);
    return (await encodeToPayloadsWithContext(loadedDataConverter, context, [...values])) ?? [];
  }

  encodeMap(
    id: string,
    values: Readonly<Record<string, unknown>>,
  ): Promise<Record<string, Payload>> {
    const { loadedDataConverter } = this.client.options;
    return encodeMapToPayloads(loadedDataConverter, values, this.#contextOf(id));
  }

  #contextOf(workflowId: string) {
    return { type: 'workflow', namespace: this.namespace, workflowId } as const;
  }
}

const TURNS = new Turns();
/** Bytes of a payload that is decoded alone in its turn of the event loop. */
const LARGE = 16 * 1024;

// 0.1 + 0.2 + 0.4 s: rides out a reset connection or a frontend that moves, and still fails fast when Temporal is down.
const FIRST_PAUSE = 100;
const LAST_PAUSE = 400;
