import type { Tasks } from '../../../contract/tasks.ts';
import type { Caller } from '../../../contract/caller.ts';
import { type ListShare, ListShares } from './list-shares.ts';
import { Loaders } from './loaders.ts';

/** What resolvers are given: one for each operation. */
export interface GatewayContext {
  /** The service, for this caller. */
  readonly tasks: Tasks;
  readonly actor: Caller;
  readonly loaders: Loaders;
  /** Opens live lists, within the caller's share of them. */
  readonly lists: ListShare;
}

export const createContext = ({
  tasks,
  actor,
  lists = new ListShares().of({}, actor),
}: Pick<GatewayContext, 'tasks' | 'actor'> &
  Partial<Pick<GatewayContext, 'lists'>>): GatewayContext => {
  // Code may trigger what is private; whoever comes by the API may not.
  const own = tasks.as({ ...actor, publicOnly: true });
  return { tasks: own, actor, loaders: new Loaders(own), lists };
};
