import { auditedMinter } from '../../../audit/audited-minter.ts';
import type { Minting } from '../../../audit/audited-minter.ts';
import { audited } from '../../../audit/audited.ts';
import type { Tell } from '../../../audit/decision.ts';
import type { Tasks } from '../../../contract/tasks.ts';
import { Minter } from '../../../login/minter.ts';
import type { RunTokens } from '../../../login/run-tokens.ts';
import type { Session } from '../../../login/session.ts';
import type { Budget } from '../../../shares/caller-budgets.ts';
import { type ListShare, ListShares } from './list-shares.ts';
import { LIMITS } from '../../../contract/limits.ts';
import { HeldBytes } from '../../../tools/held-bytes.ts';
import { Loaders } from './loaders.ts';
import { Operation } from './operation.ts';
import type { OperationLimits } from './operation.ts';
import { withinBudget } from './within-budget.ts';

/** What resolvers are given: one for each operation. */
export interface GatewayContext {
  /** The service, for this caller and within the operation's budget. */
  readonly tasks: Tasks;
  /** Who asks, and for how long it may. */
  readonly session: Session;
  readonly loaders: Loaders;
  /** Makes tokens that hold no more than this caller's rights. */
  readonly minter: Minting;
  /** Opens live lists, within the caller's share of them. */
  readonly lists: ListShare;
  readonly operation: Operation;
  /** Of the next event of a subscription, which is an operation of its own. */
  readonly next: () => GatewayContext;
}

export interface ContextOptions
  extends Pick<GatewayContext, 'tasks' | 'session'>, Partial<Pick<GatewayContext, 'lists'>> {
  /** Undefined: no tokens are minted. */
  readonly tokens?: RunTokens | undefined;
  /** Told what is decided for this caller. */
  readonly tell?: Tell | undefined;
  /** What the caller may take, over all its operations. Unset: as much as it likes. */
  readonly budget?: Budget | undefined;
  /** What the process holds for all operations. */
  readonly held?: HeldBytes | undefined;
  readonly limits?: OperationLimits | undefined;
}

/** What a process keeps for all its callers, within the bounds of the product. */
export const createHeld = (): HeldBytes => new HeldBytes(LIMITS.held.all, LIMITS.held.each);

export function createContext({
  tasks,
  session,
  tokens,
  tell,
  budget,
  held = createHeld(),
  limits,
  lists = new ListShares().of({}, session.caller),
}: ContextOptions): GatewayContext {
  // Code may trigger what is private; whoever comes by the API may not.
  const own = tasks.as({ ...session.caller, publicOnly: true });
  const create = (): GatewayContext => {
    const operation = new Operation(held, limits, budget);
    const within = withinBudget(own, operation);
    // Outermost: what the budget refuses was not done either.
    const budgeted = tell ? audited(within, tell) : within;
    const minter = new Minter({ tokens, session, tasks: within });
    return {
      tasks: budgeted,
      session,
      loaders: new Loaders(budgeted),
      minter: tell ? auditedMinter(minter, tell) : minter,
      operation,
      lists,
      next: create,
    };
  };
  return create();
}
