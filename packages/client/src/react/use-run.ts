import { useEffect, useRef } from 'react';
import type { Outcome, TaskRunDetails } from '../../../../src/contract/task-run.ts';
import { toDetails, toOutcome } from '../answers/to-run.ts';
import { Live } from '../documents/generated.ts';
import type { LiveData } from '../documents/generated.ts';
import { useShared } from './shared.ts';
import type { Follow } from './shared.ts';

/** A run with all that a page shows of it: where it stands, how far it is, how it ended, what can be done with it. */
export interface LiveRun extends TaskRunDetails, Outcome {
  readonly abilities: LiveData['taskRun']['abilities'];
}

export interface RunState {
  /** Undefined until the gateway has told of it. */
  readonly run: LiveRun | undefined;
  /** Why it cannot be followed. */
  readonly error: Error | undefined;
  readonly isOver: boolean;
}

export interface UseRunOptions {
  /** Default: true. */
  readonly enabled?: boolean | undefined;
  /** Called once when it is over; at once for a run that is. */
  readonly onEnd?: ((run: LiveRun) => void) | undefined;
}

const NOTHING: RunState = { run: undefined, error: undefined, isOver: false };

/** One run, live until it is over. Components that follow the same run share one subscription. */
export function useRun(
  id: string | null | undefined,
  { enabled = true, onEnd }: UseRunOptions = {},
): RunState {
  const key = enabled && typeof id === 'string' ? id : undefined;
  const state = useShared(key && `run ${key}`, NOTHING, followRun(key ?? ''));
  const ended = useRef(onEnd);
  useEffect(() => {
    ended.current = onEnd;
  });
  const over = state.isOver ? state.run : undefined;
  useEffect(() => {
    if (over) ended.current?.(over);
  }, [over]);
  return state;
}

const followRun =
  (id: string): Follow<RunState> =>
  async (client, set, signal) => {
    try {
      for await (const { taskRun } of client.follow(Live, { id }, { signal })) {
        const run = toLiveRun(taskRun);
        set(() => ({ run, error: undefined, isOver: false }));
      }
      set((now) => ({ ...now, isOver: true }));
    } catch (error) {
      set((now) => ({ ...now, error: error instanceof Error ? error : new Error(String(error)) }));
    }
  };

function toLiveRun(taskRun: LiveData['taskRun']): LiveRun {
  const { output, error, abilities, ...run } = taskRun;
  // A page shows how far a run is, and how far it was.
  return {
    ...toDetails(run),
    ...toOutcome(taskRun),
    output,
    error,
    progress: run.progress,
    abilities,
  };
}
