import { GraphQLError } from 'graphql';
import type { Caller } from '../../../contract/caller.ts';
import { LIMITS } from '../../../contract/limits.ts';
import { TaskError } from '../../../contract/task-error.ts';
import type { TaskRunFilter } from '../../../contract/tasks.ts';

/** What a caller may watch of the live lists, which are few for all of a process. */
export interface ListShare {
  /** Opens a live list, and holds its place until the list ends. Throws when the caller has its share. */
  readonly open: <T>(
    filter: TaskRunFilter,
    watch: (filter: TaskRunFilter) => AsyncIterableIterator<T>,
  ) => AsyncIterableIterator<T>;
}

/** Different lists at once: equal ones cost as much as one. */
export const LIST_SHARES = { connection: 10, caller: 30, tenant: LIMITS.lists } as const;

/** Keeps a connection, a caller and a tenant from taking every live list. */
export class ListShares {
  readonly #taken = new Map<unknown, Map<string, number>>();

  /** Of a connection, which is the request that opened it, and of whoever asks over it from one address. */
  of(connection: object, { name, tenant, share }: Caller, address = ''): ListShare {
    const ofTenant = share?.lists ?? LIST_SHARES.tenant;
    // Of its tenant's no caller has more than half.
    const ofCaller =
      tenant == null
        ? LIST_SHARES.caller
        : Math.min(LIST_SHARES.caller, Math.max(1, Math.floor(ofTenant / 2)));
    const shares = [
      { key: connection, limit: LIST_SHARES.connection, toError: tooMany('This connection') },
      {
        key: JSON.stringify([address, tenant, name]),
        limit: ofCaller,
        toError: tooMany('This caller'),
      },
      ...(tenant == null ? [] : [{ key: tenant, limit: ofTenant, toError: tooManyOfTenant }]),
    ];
    return {
      open: (filter, watch) => {
        const list = JSON.stringify(filter);
        for (const { key, limit, toError } of shares) {
          const taken = this.#taken.get(key);
          if (taken && taken.size >= limit && !taken.has(list)) throw toError(limit);
        }
        for (const { key } of shares) this.#change(key, list, 1);
        return whenOver(watch(filter), () => {
          for (const { key } of shares) this.#change(key, list, -1);
        });
      },
    };
  }

  #change(key: unknown, list: string, by: 1 | -1): void {
    const taken = this.#taken.get(key) ?? new Map<string, number>();
    const readers = (taken.get(list) ?? 0) + by;
    if (readers > 0) taken.set(list, readers);
    else taken.delete(list);
    if (taken.size > 0) this.#taken.set(key, taken);
    else this.#taken.delete(key);
  }
}

const tooMany =
  (who: string) =>
  (limit: number): GraphQLError =>
    new GraphQLError(
      `${who} watches ${limit} different lists, and may not watch more at once: leave some.`,
      { extensions: { code: 'LIMIT_EXCEEDED' } },
    );

/** Others of the tenant can leave some. */
const tooManyOfTenant = (limit: number): TaskError =>
  new TaskError(
    'RATE_LIMITED',
    `Your tenant watches ${limit} different lists, and may not watch more at once: leave some, or try again later.`,
    { limit: 'lists', retryAfter: 30 },
  );

/** The same items; tells once when there will be no more. */
function whenOver<T>(items: AsyncIterableIterator<T>, over: () => void): AsyncIterableIterator<T> {
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    over();
  };
  return {
    async next() {
      try {
        const item = await items.next();
        if (item.done === true) end();
        return item;
      } catch (error) {
        end();
        throw error;
      }
    },
    async return() {
      end();
      return (await items.return?.()) ?? { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
