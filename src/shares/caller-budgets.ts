import type { Caller } from '../contract/caller.ts';
import { TaskError } from '../contract/task-error.ts';
import { Allowances } from './allowances.ts';
import type { Allowance, AllowancesOptions } from './allowances.ts';

/** In points: one is a call to Temporal, or 64 KiB of what is sent, read or answered. */
export interface BudgetLimits {
  readonly caller: Allowance;
  /** Of all callers of a tenant together; undefined when there are no tenants. */
  readonly tenant: (name: string) => Allowance | undefined;
}

/** What one caller may take, of its own and of its tenant's. */
export interface Budget {
  /** Begins an operation, which costs a point. Throws `RATE_LIMITED` when nothing is left. */
  readonly begin: () => void;
  /** Throws `RATE_LIMITED` when so much is owed that what has begun must stop too. */
  readonly goOn: () => void;
  readonly pay: (cost: Cost) => void;
}

export interface Cost {
  readonly calls?: number;
  readonly bytes?: number;
}

/**
 * What callers may ask for, in points: over all transports of this process together. An operation begins while
 * something is left, whatever it will cost, and what it costs beyond that is owed; once as much is owed as is there at once,
 * it stops too.
 */
export class CallerBudgets {
  readonly #limits: () => BudgetLimits;
  readonly #allowances: Allowances;

  /** `limits` are asked for each time, so that they may change. */
  constructor(limits: () => BudgetLimits, options?: AllowancesOptions) {
    this.#limits = limits;
    this.#allowances = new Allowances(options);
  }

  /** Of a caller by its name: whoever comes with its tokens takes of the same. */
  of({ name, tenant }: Caller): Budget {
    const accounts = (): readonly Account[] => {
      const limits = this.#limits();
      const own: Account = {
        limit: 'caller',
        key: JSON.stringify([tenant ?? null, name]),
        allowance: limits.caller,
      };
      const shared = tenant == null ? undefined : limits.tenant(tenant);
      return shared && tenant != null
        ? [own, { limit: 'tenant', key: tenant, allowance: shared }]
        : [own];
    };
    const refuseIf = (isOver: (account: Account) => boolean): void => {
      const over = accounts().find(isOver);
      if (over) throw overBudget(over, this.#allowances.wait(over.key, over.allowance));
    };
    const take = (points: number): void => {
      for (const { key, allowance } of accounts()) this.#allowances.take(key, allowance, points);
    };
    return {
      begin: () => {
        refuseIf(({ key, allowance }) => this.#allowances.wait(key, allowance) > 0);
        take(1);
      },
      goOn: () => refuseIf(({ key, allowance }) => this.#allowances.isOverdrawn(key, allowance)),
      pay: ({ calls = 0, bytes = 0 }) => take(calls + bytes / POINT),
    };
  }
}

interface Account {
  readonly limit: 'caller' | 'tenant';
  readonly key: string;
  readonly allowance: Allowance;
}

/** Bytes. */
const POINT = 64 * 1024;

const overBudget = ({ limit, allowance }: Account, retryAfter: number): TaskError =>
  new TaskError(
    'RATE_LIMITED',
    `${limit === 'caller' ? 'You have' : 'Your tenant has'} used up what one may ask for, ${allowance.rate} points a second after ${allowance.burst} at once: ask again after ${retryAfter} s, or for less.`,
    { limit, retryAfter },
  );
