import { TaskError } from '../contract/task-error.ts';
import { Allowances } from './allowances.ts';
import type { Allowance, AllowancesOptions } from './allowances.ts';
import { clientAddress, toNetwork } from './client-address.ts';
import type { Came } from './client-address.ts';

export interface AddressLimits {
  /** Logins that fail. */
  readonly failures: Allowance;
  /** Sockets that have not said who asks. */
  readonly silent: number;
}

export interface AddressSharesOptions extends AllowancesOptions {
  /** Proxies whose `X-Forwarded-For` is believed. Default: none. */
  readonly isTrusted?: ((address: string | undefined) => boolean) | undefined;
}

/** What whoever has not shown a credential may take, by address: of one process, and before anything is looked up. */
export class AddressShares {
  readonly #limits: () => AddressLimits;
  readonly #isTrusted: (address: string | undefined) => boolean;
  readonly #failures: Allowances;
  readonly #silent = new Map<string, number>();

  /** `limits` are asked for each time, so that they may change. */
  constructor(
    limits: () => AddressLimits,
    { isTrusted = () => false, ...options }: AddressSharesOptions = {},
  ) {
    this.#limits = limits;
    this.#isTrusted = isTrusted;
    this.#failures = new Allowances(options);
  }

  /** Where it comes from. */
  addressOf(came: Came): string {
    return clientAddress(came, this.#isTrusted);
  }

  /** Under what it has its share: hosts of one IPv6 network have one. */
  shareOf(came: Came): string {
    return toNetwork(this.addressOf(came));
  }

  /** Lets in whom `login` lets in, unless too many from this address were not: those are not even looked at. */
  async login<T>(
    share: string,
    login: () => Promise<T>,
    isFailure: (error: unknown) => boolean,
  ): Promise<T> {
    const { failures } = this.#limits();
    const retryAfter = this.#failures.wait(share, failures);
    if (retryAfter > 0)
      throw new TaskError(
        'RATE_LIMITED',
        `Too many logins from your address have failed: try again after ${retryAfter} s.`,
        { limit: 'address', retryAfter },
      );
    try {
      return await login();
    } catch (error) {
      // Of many at once nothing is owed: a flood that is over keeps nobody out for longer.
      if (isFailure(error) && this.#failures.wait(share, failures) === 0)
        this.#failures.take(share, failures, 1);
      throw error;
    }
  }

  /** A socket that has said nothing yet; answers what to call when it has, or is gone. Null: there are too many. */
  openSilent(share: string): (() => void) | null {
    const count = this.#silent.get(share) ?? 0;
    if (count >= this.#limits().silent) return null;
    this.#silent.set(share, count + 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const left = (this.#silent.get(share) ?? 0) - 1;
      if (left > 0) this.#silent.set(share, left);
      else this.#silent.delete(share);
    };
  }
}
