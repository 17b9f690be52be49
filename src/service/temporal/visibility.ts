import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionLike } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import { TaskError, TaskErrorCode } from '../../contract/task-error.ts';
import { Kept } from '../../tools/kept.ts';
import { atMost } from '../../tools/at-most.ts';
import { inTime, outOfTime } from './in-time.ts';
import { GrpcCode } from '../../tools/grpc-code.ts';
import { hasCode } from './grpc.ts';
import type { Temporal } from './temporal.ts';
import { toTaskError } from './to-task-error.ts';
import type { RunInfo } from './proto.ts';
import { countCall } from '../../metering/count-calls.ts';
import { FairBucket } from '../../tools/fair-bucket.ts';
import { whoAsks } from '../../metering/asking-for.ts';

export interface VisibilityOptions {
  /** One that does not retry by itself: the SDK's retries wait out a refusal, for longer than any deadline. */
  readonly connection: ConnectionLike;
  readonly namespace: string;
  /** Calls a second. Temporal allows a namespace 10 by default, for all gateways together. */
  readonly rate?: number | undefined;
  /** Milliseconds a call may take, waiting and its one retry included. */
  readonly deadline?: number | undefined;
}

export interface ListedRows {
  readonly rows: readonly RunInfo[];
  /** Set when there may be more rows. */
  readonly next: Uint8Array | null;
}

export interface CountedRows {
  readonly count: number;
  /** By `ExecutionStatus`, when the query groups by it. */
  readonly groups: ReadonlyMap<string, number>;
}

/** Temporal returns at most so many rows. */
export const MAX_ROWS = 1000;

/** How Temporal's index of runs is asked: within its rate, within a deadline, never twice at once for the same. */
export class Visibility {
  readonly rate: number;
  readonly #connection: ConnectionLike;
  readonly #namespace: string;
  readonly deadline: number;
  readonly #bucket: FairBucket;
  readonly #large = atMost(2);
  readonly #lists = new Kept<ListedRows>({ ttl: 0 });
  readonly #counts = new Kept<CountedRows>({ ttl: 0 });

  constructor({ connection, namespace, rate = 8, deadline = 5000 }: VisibilityOptions) {
    this.rate = rate;
    this.#connection = connection;
    this.#namespace = namespace;
    this.deadline = deadline;
    this.#bucket = new FairBucket(rate);
  }

  /** One statement of the index: rows in its own order, open runs first. */
  list(query: string, pageSize: number, after: Uint8Array | null = null): Promise<ListedRows> {
    const token = after ?? new Uint8Array();
    const key = `${pageSize}\n${Buffer.from(token).toString('base64')}\n${query}`;
    const question = (): Promise<ListResponse> =>
      this.#connection.workflowService.listWorkflowExecutions({
        namespace: this.#namespace,
        query,
        pageSize,
        nextPageToken: token,
      });
    return this.#lists.load(key, async () => {
      const { executions, nextPageToken } = await inTime(this.deadline, (ends) =>
        pageSize > LARGE ? this.#large(() => this.#ask(question, ends)) : this.#ask(question, ends),
      );
      return { rows: executions, next: nextPageToken.length > 0 ? nextPageToken : null };
    });
  }

  count(query: string): Promise<CountedRows> {
    return this.#counts.load(query, async () => {
      const { count, groups } = await inTime(this.deadline, (ends) =>
        this.#ask(
          () =>
            this.#connection.workflowService.countWorkflowExecutions({
              namespace: this.#namespace,
              query,
            }),
          ends,
        ),
      );
      return { count: Number(count), groups: new Map(groups.map(toGroup)) };
    });
  }

  async #ask<R>(question: () => Promise<R>, ends: number): Promise<R> {
    try {
      return await this.#attempt(question, ends);
    } catch (error) {
      if (!hasCode(error, GrpcCode.Unavailable)) throw this.#translate(error);
    }
    await sleep(RETRY_PAUSE);
    try {
      return await this.#attempt(question, ends);
    } catch (error) {
      throw this.#translate(error);
    }
  }

  async #attempt<R>(question: () => Promise<R>, ends: number): Promise<R> {
    // Whoever asked has been told by now: the token is for others.
    if (Date.now() >= ends) throw outOfTime(this.deadline);
    const turn = this.#bucket.take(whoAsks(), MAX_QUEUE);
    if (turn === false) throw rateLimited(this.#bucket.wait);
    if (turn !== true) await turn;
    countCall();
    return this.#connection.withDeadline(ends, question);
  }

  #translate(cause: unknown): unknown {
    // Whom this process refuses costs the others nothing.
    if (cause instanceof TaskError) return cause;
    const error = toTaskError(cause);
    // Others use the namespace's allowance too: without this, a burst would be refused call by call.
    if (error instanceof TaskError && error.code === TaskErrorCode.RateLimited)
      this.#bucket.drain();
    return error;
  }
}

type ListResponse = temporal.api.workflowservice.v1.IListWorkflowExecutionsResponse & {
  readonly executions: readonly RunInfo[];
  readonly nextPageToken: Uint8Array;
};

/** A thousand rows keep a small database busy for the better part of a second. */
const LARGE = 200;
/** Milliseconds. */
const MAX_QUEUE = 1000;
const RETRY_PAUSE = 100;

function toGroup({
  groupValues,
  count,
}: {
  readonly groupValues?: readonly { readonly data?: Uint8Array | null }[] | null;
  readonly count?: { toString(): string } | null;
}): [string, number] {
  const json = Buffer.from(groupValues?.[0]?.data ?? []).toString();
  const value: unknown = JSON.parse(json || 'null');
  return [String(value), Number(count ?? 0)];
}

const rateLimited = (wait: number): TaskError =>
  new TaskError(
    TaskErrorCode.RateLimited,
    'Lists and counts are asked for more often than Temporal allows: wait and ask again.',
    { retryAfter: Math.max(1, Math.ceil(wait / 1000)) },
  );

/**
 * The Run IDs of what Temporal holds under an id, in the order in which it began: also what a second reset of the same
 * execution has replaced, which no other execution names. One call, to the index: it is a moment behind.
 */
export async function executionsOf(temporal: Temporal, id: string): Promise<readonly string[]> {
  if (!isLiteral(id)) return [];
  const { executions } = await temporal.ask((service) =>
    service.listWorkflowExecutions({
      namespace: temporal.namespace,
      query: `WorkflowId = ${literal(id)}`,
      pageSize: MOST_EXECUTIONS,
    }),
  );
  return executions
    .map(({ execution, startTime }) => ({
      link: execution?.runId ?? '',
      start: startTime ? tsToMs(startTime) : 0,
    }))
    .toSorted((one, other) => one.start - other.start)
    .map(({ link }) => link);
}
/** The newest ones. */
const MOST_EXECUTIONS = 1000;

/** Whether a value can be one literal of a list filter, whatever the store. */
export const isLiteral = (value: string): boolean => /^[^'"\\`?\p{Cc}\p{Cs}]+$/u.test(value);

/** The second wall: nothing that gets here is no literal. */
export function literal(value: string): string {
  if (isLiteral(value)) return `'${value}'`;
  throw new TypeError(`Not a literal that Temporal can hold: ${JSON.stringify(value)}`);
}
