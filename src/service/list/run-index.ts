import { matchesFilter } from '../../contract/rules/run-filter.ts';
import type { TaskDescription } from '../../contract/task-definition.ts';
import { TaskError, TaskErrorCode } from '../../contract/task-error.ts';
import { TaskRunStatus, isClosed } from '../../contract/task-run.ts';
import type { TaskRun } from '../../contract/task-run.ts';
import type { TaskRunFilter } from '../../contract/tasks.ts';
import { toTaskRun } from '../run/to-task-run.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { MAX_ROWS } from '../temporal/visibility.ts';
import type { Visibility } from '../temporal/visibility.ts';
import { toListRows } from './list-row.ts';
import type { ListRow } from './list-row.ts';
import type { RecentWrites } from './recent-writes.ts';
import { startedBefore, toVisibilityQuery } from './to-visibility-query.ts';
import type { QueryContext, VisibilityQuery } from './to-visibility-query.ts';

export interface RunIndexOptions {
  readonly temporal: Pick<Temporal, 'decode'>;
  readonly visibility: Pick<Visibility, 'list' | 'count' | 'rate' | 'deadline'>;
  /** The catalogue, by definition id. */
  readonly definitions: ReadonlyMap<string, Pick<TaskDescription, 'title'>>;
  /** Lists what else is in the namespace too. */
  readonly wholeNamespace?: boolean | undefined;
}

/** Temporal's index as runs: a filter becomes its query, and its rows become the runs that the filter lets through. */
export class RunIndex {
  readonly visibility: RunIndexOptions['visibility'];
  readonly #decode: Temporal['decode'];
  readonly #definitions: RunIndexOptions['definitions'];
  readonly #titles: ReadonlyMap<string, string>;
  readonly #wholeNamespace: boolean;
  readonly #writes: Pick<RecentWrites, 'update'>;

  constructor(
    { temporal, visibility, definitions, wholeNamespace = false }: RunIndexOptions,
    writes: Pick<RecentWrites, 'update'>,
  ) {
    this.visibility = visibility;
    this.#decode = temporal.decode;
    this.#definitions = definitions;
    this.#titles = new Map([...definitions].map(([id, { title }]) => [id, title]));
    this.#wholeNamespace = wholeNamespace;
    this.#writes = writes;
  }

  /** What a query is made with now. */
  get context(): QueryContext {
    return { now: new Date(), titles: this.#titles, wholeNamespace: this.#wholeNamespace };
  }

  /** Throws `INVALID_FILTER`. */
  compile(filter: TaskRunFilter): VisibilityQuery {
    return toVisibilityQuery(filter, this.context);
  }

  /** Runs of a tenant that are open and began before a time. */
  async countOpen(tenant: string, before: number): Promise<number> {
    const { text } = this.compile({ tenant, status: OPEN });
    if (text === null) return 0;
    return (await this.visibility.count(startedBefore(text, before))).count;
  }

  /** All rows of a query, in one statement; rejects when there are too many to `purpose`. */
  async all(text: string, purpose: string): Promise<readonly ListRow[]> {
    const page = await this.visibility.list(text, MAX_ROWS);
    // A full page has a token even when it was the last one.
    const rest = page.next ? await this.visibility.list(text, 1, page.next) : null;
    if (rest && rest.rows.length > 0)
      throw new TaskError(
        TaskErrorCode.TooManyToSort,
        `More than ${MAX_ROWS} runs match, too many to ${purpose}.`,
      );
    return toListRows(page);
  }

  /** Rows as runs; null for those that are gone or that the filter leaves out after all. */
  admitted(
    rows: readonly ListRow[],
    { rest }: VisibilityQuery,
  ): Promise<readonly { readonly row: ListRow; readonly run: TaskRun | null }[]> {
    return Promise.all(
      rows.map(async (row) => {
        const run = await this.#toRun(row);
        return { row, run: run && matchesFilter(run, rest) ? run : null };
      }),
    );
  }

  async #toRun({ info }: ListRow): Promise<TaskRun | null> {
    const run = await toTaskRun(info, { definitions: this.#definitions, decode: this.#decode });
    return this.#writes.update(run);
  }
}

const OPEN = Object.values(TaskRunStatus).filter((status) => !isClosed(status));
