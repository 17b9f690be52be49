import type { z } from 'zod';
import type { Carried } from './wire/messages.ts';

/** What a definition says of itself, beside its code. */
export interface TaskDescription {
  /** camelCase; the name it is exported under, and the Temporal workflow type. */
  readonly id: string;
  readonly title: string;
  /** Null when it says nothing of itself. */
  readonly description: string | null;
  /** Not in the catalogue and not triggerable through GraphQL; code may trigger it. */
  readonly private: boolean;
  /** Plain `ZodType`: with its type parameters, definitions become invariant and no catalogue type holds them. */
  readonly input: z.ZodType;
  readonly output: z.ZodType | undefined;
  /** Seconds that an aborted run may take to stop, and its clean-up after that. */
  readonly grace: number;
  /** Inputs worth showing to whoever triggers it. */
  readonly examples: readonly unknown[];
}

/**
 * A Temporal workflow function that also carries its description. `Input` is what a caller gives
 * (before defaults and transforms), `Output` what the run ends with.
 */
export interface TaskDefinition<Input, Output> extends TaskDescription {
  // The second argument exists only on continue-as-new.
  (input: Input, carried?: Carried): Promise<Output>;
}

/** What `import * as tasks from './workflows/index.ts'` is: definitions by their ids. */
// oxlint-disable-next-line typescript/no-explicit-any -- parameters are contravariant: `unknown` would refuse every task
export type TaskModule = Readonly<Record<string, TaskDefinition<any, unknown>>>;

export type InputOf<T> = T extends TaskDefinition<infer Input, unknown> ? Input : never;
// oxlint-disable-next-line typescript/no-explicit-any -- as above
export type OutputOf<T> = T extends TaskDefinition<any, infer Output> ? Output : never;
