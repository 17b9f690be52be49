import type { TaskRun } from '../../../../src/contract/task-run.ts';
import type { RemoteFilter } from '../answers/to-filter-input.ts';
import { useShared } from './shared.ts';
import type { Follow } from './shared.ts';

export interface RunsState {
  /** The newest first, 100 at most. */
  readonly runs: readonly TaskRun[];
  readonly error: Error | undefined;
}

const NOTHING: RunsState = { runs: [], error: undefined };

/** The newest runs that fit, live. Components with the same filter share one subscription. */
export function useRuns(
  filter: RemoteFilter = {},
  { enabled = true }: { readonly enabled?: boolean | undefined } = {},
): RunsState {
  const key = enabled ? `runs ${JSON.stringify(filter)}` : undefined;
  return useShared(key, NOTHING, followRuns(filter));
}

const followRuns =
  (filter: RemoteFilter): Follow<RunsState> =>
  async (client, set, signal) => {
    try {
      for await (const event of client.watchList(filter, { signal }))
        set(({ runs }) => {
          const id = event.type === 'LEFT' ? event.id : event.run.id;
          const others = runs.filter((run) => run.id !== id);
          if (event.type === 'LEFT') return { runs: others, error: undefined };
          return { runs: [...others, event.run].toSorted(newestFirst), error: undefined };
        });
    } catch (error) {
      set((now) => ({ ...now, error: error instanceof Error ? error : new Error(String(error)) }));
    }
  };

const newestFirst = (one: TaskRun, other: TaskRun): number =>
  other.createdAt.getTime() - one.createdAt.getTime() || (one.id < other.id ? 1 : -1);
