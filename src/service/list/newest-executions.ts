import { Kept } from '../../tools/kept.ts';
import { isLiteral } from '../temporal/visibility.ts';
import type { CountedRows, ListedRows, Visibility } from '../temporal/visibility.ts';
import { toListRows } from './list-row.ts';
import { WAS_RESET, sinceStart } from './to-visibility-query.ts';

type Asked = Pick<Visibility, 'list' | 'count' | 'rate' | 'deadline'>;

/**
 * Temporal's index without the executions that an operator's reset has replaced: it keeps their rows, and a run would
 * be there once for each. A run that was reset is marked in the index, so one question in a while tells which ones
 * were; when it cannot be answered, the last answer holds.
 */
export class NewestExecutions implements Asked {
  readonly #visibility: Asked;
  readonly #terms: Kept<string>;
  #last = '';

  /** Asks which runs were reset once in `every` milliseconds. */
  constructor(visibility: Asked, every = 5000) {
    this.#visibility = visibility;
    this.#terms = new Kept({ ttl: every });
  }

  get rate(): number {
    return this.#visibility.rate;
  }

  get deadline(): number {
    return this.#visibility.deadline;
  }

  async list(query: string, pageSize: number, after?: Uint8Array | null): Promise<ListedRows> {
    return this.#visibility.list(await this.#narrowed(query), pageSize, after);
  }

  async count(query: string): Promise<CountedRows> {
    return this.#visibility.count(await this.#narrowed(query));
  }

  async #narrowed(query: string): Promise<string> {
    try {
      this.#last = await this.#terms.load('', () => this.#replaced());
    } catch {
      // The list itself is worth more, and the calls that are left are for it.
      this.#terms.set('', this.#last);
    }
    // Before it: a query may end with how it is grouped.
    return this.#last === '' ? query : `${this.#last} AND ${query}`;
  }

  async #replaced(): Promise<string> {
    const page = await this.#visibility.list(WAS_RESET, MOST_RESETS);
    const newest = new Map<string, number>();
    for (const { id, start } of toListRows(page))
      if (isLiteral(id)) newest.set(id, Math.max(start, newest.get(id) ?? 0));
    return [...newest].map(([id, start]) => sinceStart(id, start)).join(' AND ');
  }
}

/** Each is a term in every query; open runs come first, then the last ones that closed. */
const MOST_RESETS = 100;
