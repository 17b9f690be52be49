import { useCallback, useEffect, useRef, useState } from 'react';

export interface ActionState<Answer> {
  readonly isPending: boolean;
  /** Of the last call that succeeded. */
  readonly answer: Answer | undefined;
  /** Of the last call, if it failed. */
  readonly error: Error | undefined;
}

/**
 * A change that a component asks for. While one is under way another call is the same one, so a double click is one
 * change; it answers undefined when it failed, and the state says why.
 */
export function useAction<Args extends readonly unknown[], Answer>(
  act: (...args: Args) => Promise<Answer>,
): ActionState<Answer> & {
  readonly run: (...args: Args) => Promise<Answer | undefined>;
  readonly reset: () => void;
} {
  const [state, setState] = useState<ActionState<Answer>>(IDLE);
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  const pending = useRef<Promise<Answer | undefined>>(undefined);
  const run = useCallback((...args: Args): Promise<Answer | undefined> => {
    const begin = async (): Promise<Answer | undefined> => {
      setState((now) => ({ ...now, isPending: true, error: undefined }));
      try {
        const answer = await latest.current(...args);
        setState({ isPending: false, answer, error: undefined });
        return answer;
      } catch (thrown) {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        setState((now) => ({ ...now, isPending: false, error }));
        return undefined;
      } finally {
        pending.current = undefined;
      }
    };
    return (pending.current ??= begin());
  }, []);
  const reset = useCallback(() => setState(IDLE), []);
  return { ...state, run, reset };
}

const IDLE = { isPending: false, answer: undefined, error: undefined };
