import { createContext, use, useCallback, useSyncExternalStore } from 'react';
import type { TasksClient } from '../tasks-client.ts';
import type { Connection } from '../wire/connections.ts';
import type { Registered } from './registered.ts';

export type Client = TasksClient<Registered>;

const Context = createContext<Client | undefined>(undefined);

/** Gives all hooks below it the client: `<WaymarkProvider value={client}>`. */
export const WaymarkProvider = Context.Provider;

export function useClient(): Client {
  const client = use(Context);
  if (!client) throw new Error('Expected a <WaymarkProvider value={client}> above this component');
  return client;
}

const IDLE: Connection = { state: 'idle' };

/** How what is followed reaches the gateway. */
export function useConnection(): Connection {
  const client = useClient();
  return useSyncExternalStore(
    useCallback((changed: () => void) => client.onConnection(changed), [client]),
    () => client.connection,
    () => IDLE,
  );
}
