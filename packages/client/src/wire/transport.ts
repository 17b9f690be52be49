import type { Answer, Operation } from './request.ts';

/** Brings what follows one after the other. */
export interface Transport {
  /**
   * The answers to a subscription, until the gateway says that it is over. A broken connection is a passing error,
   * thrown after all that came before it.
   */
  readonly open: (
    operation: Operation,
    live: () => void,
    signal: AbortSignal,
  ) => AsyncGenerator<Answer, void>;
  readonly close: () => void;
}
