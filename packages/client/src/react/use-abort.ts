import type { AbortRequest, AbortResult } from '../../../../src/contract/tasks.ts';
import { useClient } from './provider.ts';
import { useAction } from './use-action.ts';

export interface Abort {
  /** Answers what came of it, or undefined when it failed: `error` then says why. */
  readonly abort: (request?: Omit<AbortRequest, 'id'>) => Promise<AbortResult | undefined>;
  readonly isPending: boolean;
  readonly result: AbortResult | undefined;
  readonly error: Error | undefined;
}

/** Asks a run to stop. */
export function useAbort(id: string): Abort {
  const client = useClient();
  const { run, answer, error, isPending } = useAction((request: Omit<AbortRequest, 'id'> = {}) =>
    client.abort({ ...request, id }),
  );
  return { abort: run, isPending, result: answer, error };
}
