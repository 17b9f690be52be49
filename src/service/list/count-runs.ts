import { matchesFilter } from '../../contract/rules/run-filter.ts';
import { TaskError, TaskErrorCode } from '../../contract/task-error.ts';
import { TaskRunStatus } from '../../contract/task-run.ts';
import type { TaskRun } from '../../contract/task-run.ts';
import type { TaskRunCounts, TaskRunFilter } from '../../contract/tasks.ts';
import { toListRows } from './list-row.ts';
import type { ListRow } from './list-row.ts';
import {
  CLOSED_STATUSES,
  byStatus,
  firstIterations,
  laterIterations,
  withStatus,
} from './to-visibility-query.ts';
import type { QueryContext, VisibilityQuery } from './to-visibility-query.ts';
import { Kept } from '../../tools/kept.ts';
import { MAX_ROWS } from '../temporal/visibility.ts';
import type { Visibility } from '../temporal/visibility.ts';

export interface CountRunsOptions {
  readonly visibility: Pick<Visibility, 'list' | 'count'>;
  readonly compile: (filter: TaskRunFilter) => VisibilityQuery;
  readonly context: () => QueryContext;
  /** Null for a run that is no longer there. */
  readonly toRun: (row: ListRow) => Promise<TaskRun | null>;
}

/** Exact numbers, at most two seconds old: one call for a count, three by status. */
export class CountRuns {
  readonly #visibility: CountRunsOptions['visibility'];
  readonly #compile: CountRunsOptions['compile'];
  readonly #context: CountRunsOptions['context'];
  readonly #toRun: CountRunsOptions['toRun'];
  readonly #one = new Kept<number>(KEPT);
  readonly #byStatuses = new Kept<TaskRunCounts>(KEPT);

  constructor({ visibility, compile, context, toRun }: CountRunsOptions) {
    this.#visibility = visibility;
    this.#compile = compile;
    this.#context = context;
    this.#toRun = toRun;
  }

  /** `signature` is equal for equal filters. */
  async count(filter: TaskRunFilter, signature: string): Promise<number> {
    const query = this.#compile(filter);
    return this.#one.load(signature, async () => {
      const [text, sifted] = await this.#split(query);
      return sifted.length + (text === null ? 0 : (await this.#visibility.count(text)).count);
    });
  }

  async counts(filter: TaskRunFilter, signature: string): Promise<TaskRunCounts> {
    const query = this.#compile(filter);
    return this.#byStatuses.load(signature, async () => {
      const [text, sifted] = await this.#split(query);
      const counts = text === null ? NONE : await this.#byStatus(text);
      return toCounts(counts, sifted);
    });
  }

  /** All rows of a query, in one statement; rejects when there are too many to `purpose`. */
  async all(text: string, purpose: string): Promise<readonly ListRow[]> {
    const page = await this.#visibility.list(text, MAX_ROWS);
    // A full page has a token even when it was the last one.
    const rest = page.next ? await this.#visibility.list(text, 1, page.next) : null;
    if (rest && rest.rows.length > 0)
      throw new TaskError(
        TaskErrorCode.TooManyToSort,
        `More than ${MAX_ROWS} runs match, too many to ${purpose}.`,
      );
    return toListRows(page);
  }

  /** What Temporal can count, and the runs that must be looked at. */
  async #split({
    text,
    rest,
    countable,
  }: VisibilityQuery): Promise<[string | null, readonly TaskRun[]]> {
    if (text === null) return [null, []];
    if (countable === 'EXACTLY') return [text, []];
    const sifted = countable === 'NOT' ? text : laterIterations(text);
    const rows = await this.all(
      sifted,
      'be counted with this filter, part of which is applied here: narrow the rest of it',
    );
    const runs = await Promise.all(rows.map((row) => this.#toRun(row)));
    return [
      countable === 'NOT' ? null : firstIterations(text),
      runs.filter((run) => run !== null).filter((run) => matchesFilter(run, rest)),
    ];
  }

  async #byStatus(text: string): Promise<Counts> {
    const { groups } = await this.#visibility.count(byStatus(text));
    const counts = { ...NONE };
    for (const [word, status] of Object.entries(CLOSED_STATUSES))
      counts[status] += groups.get(word) ?? 0;
    const open = (groups.get('Running') ?? 0) + (groups.get('Paused') ?? 0);
    if (open === 0) return counts;
    // The three are different moments: what moved between them must not make a number negative.
    const [pending, aborting] = await Promise.all(
      [TaskRunStatus.Pending, TaskRunStatus.Aborting].map(async (status) => {
        const { count } = await this.#visibility.count(withStatus(text, status, this.#context()));
        return count;
      }),
    );
    counts.ABORTING = Math.min(aborting ?? 0, open);
    counts.PENDING = Math.min(pending ?? 0, open - counts.ABORTING);
    counts.RUNNING = open - counts.ABORTING - counts.PENDING;
    return counts;
  }
}

const KEPT = { ttl: 2000, most: 500 };

type Counts = Record<TaskRunStatus, number>;
const NONE: Readonly<Counts> = {
  PENDING: 0,
  RUNNING: 0,
  ABORTING: 0,
  SUCCEEDED: 0,
  FAILED: 0,
  ABORTED: 0,
};

function toCounts(counted: Readonly<Counts>, runs: readonly TaskRun[]): TaskRunCounts {
  const counts = { ...counted };
  for (const { status } of runs) counts[status]++;
  return { ...counts, total: Object.values(counts).reduce((sum, count) => sum + count, 0) };
}
