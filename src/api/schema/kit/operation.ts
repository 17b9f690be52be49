import { GraphQLError } from 'graphql';
import type { GraphQLResolveInfo } from 'graphql';
import { LIMITS } from '../../../contract/limits.ts';
import { TaskError } from '../../../contract/task-error.ts';
import type { Budget } from '../../../shares/caller-budgets.ts';
import { countingCalls } from '../../../metering/count-calls.ts';
import type { HeldBytes, Holder } from '../../../tools/held-bytes.ts';
import { Turns } from '../../../tools/turns.ts';
import { LARGE, measure } from './measure.ts';
import type { Size } from './measure.ts';

/** How much one operation may take; see `LIMITS.operation`. */
export type OperationLimits = {
  readonly [K in keyof typeof LIMITS.operation]: number;
};

/** What one operation has taken, and what it is refused once that is too much. Nobody else notices. */
export class Operation {
  readonly #limits: OperationLimits;
  readonly #ends: number;
  readonly #holder: Holder;
  readonly #request: Holder;
  readonly #budget: Budget | undefined;
  #calls = 0;
  #read = 0;
  #answered = 0;
  #unpaid = 0;
  #errors = 0;
  #lastError: GraphQLError | undefined;
  readonly #sizes = new Map<string, Size>();

  /** `budget` is what its caller has left. */
  constructor(held: HeldBytes, limits: OperationLimits = LIMITS.operation, budget?: Budget) {
    this.#budget = budget;
    this.#limits = limits;
    this.#ends = Date.now() + limits.deadline;
    this.#holder = held.open();
    this.#request = held.open(LIMITS.held.request);
  }

  /** Calls to Temporal that were made for it. */
  get calls(): number {
    return this.#calls;
  }

  /**
   * Begins it, and keeps its document and variables until `close`. Throws when its caller has nothing left, or the
   * process no room.
   */
  begin(request: unknown): void {
    this.#budget?.begin();
    const { memory, text } = measure(request);
    if (!this.#request.add(memory)) throw crowded();
    this.#pay(text);
  }

  /** Asks for something, unless enough was asked for. Rejects when the operation's time is over, whoever waits longer. */
  async ask<T>(question: () => Promise<T>): Promise<T> {
    this.#check();
    const late = cut(this.#ends - Date.now(), () => this.#late());
    try {
      const answer = await Promise.race([this.#counted(question), late.promise]);
      const { text } = this.#take(answer);
      if (text > LARGE) await TURNS.next();
      return answer;
    } finally {
      late.clear();
    }
  }

  /** Changes something, unless enough was done. What has begun is not cut: nobody would know what came of it. */
  async change<T>(change: () => Promise<T>): Promise<T> {
    this.#check();
    const answer = await this.#counted(change);
    return answer;
  }

  /** What a value costs; a large one that many fields have is looked at once. */
  measure(value: unknown): Size {
    if (typeof value !== 'string' || value.length <= LARGE) return measure(value);
    const known = this.#sizes.get(value);
    if (known) return known;
    const size = measure(value);
    this.#sizes.set(value, size);
    return size;
  }

  /** Takes so many bytes for a field; throws when the answer has no room for them. */
  answer(bytes: number): void {
    if (this.#answered + bytes > this.#limits.answer) throw this.#tooLarge(bytes);
    if (!this.#holder.add(bytes)) throw crowded();
    this.#answered += bytes;
    this.#pay(bytes);
  }

  /**
   * The error of a field as GraphQL shall keep it: an answer can have as many as it has fields. Beyond some they are
   * one and the same.
   */
  fail(
    error: unknown,
    { fieldNodes, path }: Pick<GraphQLResolveInfo, 'fieldNodes' | 'path'>,
  ): unknown {
    if (this.#lastError) return this.#lastError;
    if (++this.#errors < this.#limits.errors) return error;
    const originalError = error instanceof Error ? error : new Error(String(error));
    // GraphQL takes one that has a path as it is.
    this.#lastError = new GraphQLError(originalError.message, {
      nodes: fieldNodes,
      path: toKeys(path),
      originalError,
    });
    return this.#lastError;
  }

  /** Resolves when its answer may be written: each large one in a turn of the event loop of its own. */
  async turn(): Promise<void> {
    if (this.#answered > LARGE) await TURNS.next();
  }

  /** Its answer is written, or nobody wants it any more. */
  close(): void {
    this.#budget?.pay({ bytes: this.#unpaid });
    this.#unpaid = 0;
    this.#sizes.clear();
    this.#holder.release();
    this.#request.release();
  }

  #check(): void {
    this.#budget?.goOn();
    const { calls, read } = this.#limits;
    if (Date.now() >= this.#ends) throw this.#late();
    if (this.#calls >= calls)
      throw exceeded(
        `This operation has called Temporal ${this.#calls} times, and one may ${calls} times: ask for smaller pages, or fewer fields that say "a call".`,
      );
    if (this.#read >= read) throw this.#tooMuchRead();
  }

  /** Fields are many and small: they are paid for together. */
  #pay(bytes: number): void {
    this.#unpaid += bytes;
    if (this.#unpaid < LARGE) return;
    this.#budget?.pay({ bytes: this.#unpaid });
    this.#unpaid = 0;
    this.#budget?.goOn();
  }

  #counted<T>(work: () => Promise<T>): Promise<T> {
    const onCall = (): void => {
      this.#calls++;
      this.#budget?.pay({ calls: 1 });
    };
    return countingCalls(onCall, work);
  }

  #take(answer: unknown): Size {
    const size = this.measure(answer);
    this.#read += size.text;
    this.#pay(size.text);
    if (!this.#holder.add(size.memory)) throw crowded();
    return size;
  }

  #late(): TaskError {
    return new TaskError(
      'TIMEOUT',
      `This operation took longer than the ${this.#limits.deadline / 1000} s that one may: ask for less at once.`,
    );
  }

  #tooMuchRead(): TaskError {
    return exceeded(
      `What was asked for holds more than the ${toMiB(this.#limits.read)} that are read for one operation: ask for fewer runs with \`input\`, \`output\` or logs at once.`,
    );
  }

  #tooLarge(bytes: number): TaskError {
    return exceeded(
      `This field has ${bytes} bytes, and the answer has room for ${Math.max(0, this.#limits.answer - this.#answered)} of the ${toMiB(this.#limits.answer)} that one may have: ask for fewer of such fields at once, or for a smaller page.`,
    );
  }
}

const TURNS = new Turns();

const exceeded = (message: string): TaskError => new TaskError('LIMIT_EXCEEDED', message);

const crowded = (): TaskError =>
  new TaskError(
    'RATE_LIMITED',
    'This gateway holds as much for others as it may: ask again in a moment, or for less at once.',
    { retryAfter: 1 },
  );

const toMiB = (bytes: number): string => `${bytes / 1024 / 1024} MiB`;

type Path = GraphQLResolveInfo['path'];
function toKeys(path: Path): readonly (string | number)[] {
  const keys: (string | number)[] = [];
  for (let at: Path | undefined = path; at; at = at.prev) keys.unshift(at.key);
  return keys;
}

/** A promise that is rejected after so many milliseconds. */
function cut(
  milliseconds: number,
  toError: () => Error,
): { readonly promise: Promise<never>; readonly clear: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(toError()), milliseconds);
  });
  return { promise, clear: () => clearTimeout(timer) };
}
