import { useCallback, useSyncExternalStore } from 'react';
import { useClient } from './provider.ts';
import type { Client } from './provider.ts';

/** Follows something until the signal fires, and tells each new state of it. */
export type Follow<State> = (
  client: Client,
  set: (change: (now: State) => State) => void,
  signal: AbortSignal,
) => Promise<void>;

/** Milliseconds that a subscription outlives its last component: another may come in its place. */
const LINGER = 100;

interface Source {
  readonly now: unknown;
  /** Answers how to leave. */
  readonly join: (listener: () => void) => () => void;
}
const SOURCES = new WeakMap<Client, Map<string, Source>>();

/** The state of what is followed under this key; all components with the same one share it. */
export function useShared<State>(
  key: string | undefined,
  initial: State,
  follow: Follow<State>,
): State {
  const client = useClient();
  // Found when it is mounted, not made when it is rendered: a render may come to nothing.
  const subscribe = useCallback(
    (listener: () => void) =>
      key === undefined ? () => {} : sourceOf(client, key, initial, follow).join(listener),
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- the key says all that the others depend on
    [client, key],
  );
  return useSyncExternalStore(
    subscribe,
    () => {
      const source = key === undefined ? undefined : SOURCES.get(client)?.get(key);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a key is of one kind of state
      return source ? (source.now as State) : initial;
    },
    () => initial,
  );
}

function sourceOf<State>(
  client: Client,
  key: string,
  initial: State,
  follow: Follow<State>,
): Source {
  const all = SOURCES.get(client) ?? new Map<string, Source>();
  SOURCES.set(client, all);
  const known = all.get(key);
  if (known) return known;
  const listeners = new Set<() => void>();
  const stop = new AbortController();
  let now = initial;
  let leaving: ReturnType<typeof setTimeout> | undefined;
  let isFollowed = false;
  const set = (change: (now: State) => State): void => {
    if (stop.signal.aborted) return;
    now = change(now);
    for (const listener of listeners) listener();
  };
  const source: Source = {
    get now() {
      return now;
    },
    join(listener) {
      clearTimeout(leaving);
      listeners.add(listener);
      if (!isFollowed) void follow(client, set, stop.signal);
      isFollowed = true;
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0)
          leaving = setTimeout(() => {
            stop.abort();
            all.delete(key);
          }, LINGER);
      };
    },
  };
  all.set(key, source);
  return source;
}
