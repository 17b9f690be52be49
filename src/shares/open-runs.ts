import { TaskError, noRoomToRun } from '../contract/task-error.ts';
import type { TaskRun } from '../contract/task-run.ts';

/** How many runs of a tenant are open that started before a time, as far as is known elsewhere. */
export type CountOpen = (tenant: string, before: number) => Promise<number>;

/** What is known of a tenant's open runs. */
class Tenant {
  /** Those of which the index knew, at `countedAt`. */
  counted = 0;
  countedAt = -Infinity;
  counting: Promise<void> | undefined;
  /** Starts under way. */
  reserved = 0;
  /** Starts of here that it may not have known, by Temporal's clock and by ours. */
  recent: { readonly startedAt: number; readonly knownAt: number }[] = [];

  get open(): number {
    return this.counted + this.reserved + this.recent.length;
  }
}

/**
 * Keeps a tenant to so many open runs. Those of before are counted by the index, which is late; those that were
 * started here since are known: so with one gateway there is never one too many, and with several each may start as
 * many of its own in the seconds that the index lags behind.
 */
export class OpenRuns {
  readonly #countOpen: CountOpen;
  readonly #tenants = new Map<string, Tenant>();

  constructor(countOpen: CountOpen) {
    this.#countOpen = countOpen;
  }

  /** Starts a run if there is room for one more. Rejects with `RATE_LIMITED`, and nothing is started. */
  async start<R extends Pick<TaskRun, 'createdAt'> & { readonly deduplicated: boolean }>(
    { tenant: name, limit }: { readonly tenant: string; readonly limit: number },
    start: () => Promise<R>,
  ): Promise<R> {
    const tenant = this.#tenants.get(name) ?? new Tenant();
    this.#tenants.set(name, tenant);
    if (Date.now() - tenant.countedAt >= TTL) await this.#count(name, tenant);
    // From here to the reservation nothing is awaited: of many at once each sees those before it.
    if (tenant.open >= limit) throw noRoomToRun(tenant.open, limit);
    tenant.reserved++;
    try {
      const run = await start();
      if (!run.deduplicated) note(tenant, run.createdAt.getTime());
      return run;
    } catch (error) {
      // It may have begun.
      if (error instanceof TaskError && error.code === 'RESULT_UNKNOWN') note(tenant, Date.now());
      throw error;
    } finally {
      tenant.reserved--;
    }
  }

  #count(name: string, tenant: Tenant): Promise<void> {
    tenant.counting ??= this.#counted(name, tenant).finally(() => {
      tenant.counting = undefined;
    });
    return tenant.counting;
  }

  async #counted(name: string, tenant: Tenant): Promise<void> {
    const askedAt = Date.now();
    const cut = askedAt - LAG;
    tenant.counted = await this.#countOpen(name, cut);
    tenant.countedAt = askedAt;
    // Clocks differ: what either calls recent is kept, and counted twice at worst.
    tenant.recent = tenant.recent.filter(
      ({ startedAt, knownAt }) => startedAt >= cut || knownAt >= cut,
    );
  }
}

function note(tenant: Tenant, startedAt: number): void {
  tenant.recent.push({ startedAt, knownAt: Date.now() });
}

/** Milliseconds that the index may be behind. */
const LAG = 2000;
/** Milliseconds that a count is good for. */
const TTL = 2000;
