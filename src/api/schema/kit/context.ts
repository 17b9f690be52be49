import type { Actor, Tasks } from '../../../contract/tasks.ts';
import { Loaders } from './loaders.ts';

/** What resolvers are given: one for each operation. */
export interface GatewayContext {
  /** The service, for this caller. */
  readonly tasks: Tasks;
  readonly actor: Actor;
  readonly loaders: Loaders;
}

export const createContext = ({
  tasks,
  actor,
}: Pick<GatewayContext, 'tasks' | 'actor'>): GatewayContext => {
  const own = tasks.as(actor);
  return { tasks: own, actor, loaders: new Loaders(own) };
};
