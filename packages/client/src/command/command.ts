import type { TasksClient } from '../tasks-client.ts';
import type { Screen } from './screen.ts';

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** May be given several times. */
  readonly multiple?: boolean;
  readonly help: string;
  /** What it takes, for usage. */
  readonly value?: string;
  readonly choices?: readonly string[];
}

export interface Context {
  readonly client: TasksClient;
  readonly screen: Screen;
  /** Where the gateway is, without its path. */
  readonly origin: string;
  /** Fires when somebody presses Ctrl-C. */
  readonly signal: AbortSignal;
}

/** What was given, each option as a list. */
export class Given {
  readonly args: readonly string[];
  readonly #values: Readonly<Record<string, readonly (string | boolean)[]>>;

  constructor(
    args: readonly string[],
    values: Readonly<Record<string, readonly (string | boolean)[]>>,
  ) {
    this.args = args;
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values[name]?.[0] === true;
  }

  all(name: string): readonly string[] {
    return (this.#values[name] ?? []).map(String);
  }

  one(name: string): string | undefined {
    return this.all(name).at(-1);
  }

  /** A number, or wrong usage. */
  number(name: string): number | undefined {
    const text = this.one(name);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (text.trim() === '' || !Number.isFinite(number))
      throw new UsageError(`Expected --${name} to be a number, got ${text}.`);
    return number;
  }
}

export interface Command {
  readonly name: string;
  /** For usage, such as `<id>`. One in `<>` must be given. */
  readonly args: string;
  readonly help: string;
  readonly options: Readonly<Record<string, Option>>;
  readonly run: (context: Context, given: Given) => Promise<void>;
}

/** It was called in a way that it cannot be. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
