import { TaskRunStatus } from '../../contract/task-run.ts';
import type { TaskRun } from '../../contract/task-run.ts';
import { NO_RUNS } from '../../contract/tasks.ts';
import type { TaskRunCounts, TaskRunFilter } from '../../contract/tasks.ts';
import { Kept } from '../../tools/kept.ts';
import { filterSignature } from './filter-signature.ts';
import type { RunIndex } from './run-index.ts';
import {
  CLOSED_STATUSES,
  byStatus,
  firstIterations,
  laterIterations,
  withStatus,
} from './to-visibility-query.ts';
import type { VisibilityQuery } from './to-visibility-query.ts';

/** Exact numbers, at most two seconds old: one call for a count, three by status. */
export class Counts {
  readonly #index: RunIndex;
  readonly #one = new Kept<number>(KEPT);
  readonly #byStatuses = new Kept<TaskRunCounts>(KEPT);

  constructor(index: RunIndex) {
    this.#index = index;
  }

  async count(filter: TaskRunFilter): Promise<number> {
    const query = this.#index.compile(filter);
    return this.#one.load(filterSignature(filter), async () => {
      const [text, sifted] = await this.#split(query);
      return sifted.length + (text === null ? 0 : (await this.#index.visibility.count(text)).count);
    });
  }

  async counts(filter: TaskRunFilter): Promise<TaskRunCounts> {
    const query = this.#index.compile(filter);
    return this.#byStatuses.load(filterSignature(filter), async () => {
      const [text, sifted] = await this.#split(query);
      const counts = text === null ? NO_RUNS : await this.#byStatus(text);
      return toCounts(counts, sifted);
    });
  }

  /** What Temporal can count, and the runs that must be looked at. */
  async #split(query: VisibilityQuery): Promise<[string | null, readonly TaskRun[]]> {
    const { text, countable } = query;
    if (text === null) return [null, []];
    if (countable === 'EXACTLY') return [text, []];
    const sifted = countable === 'NOT' ? text : laterIterations(text);
    const rows = await this.#index.all(
      sifted,
      'be counted with this filter, part of which is applied here: narrow the rest of it',
    );
    const admitted = await this.#index.admitted(rows, query);
    return [
      countable === 'NOT' ? null : firstIterations(text),
      admitted.flatMap(({ run }) => run ?? []),
    ];
  }

  async #byStatus(text: string): Promise<Numbers> {
    const { groups } = await this.#index.visibility.count(byStatus(text));
    const counts: Numbers = { ...NO_RUNS };
    for (const [word, status] of Object.entries(CLOSED_STATUSES))
      counts[status] += groups.get(word) ?? 0;
    const open = (groups.get('Running') ?? 0) + (groups.get('Paused') ?? 0);
    if (open === 0) return counts;
    // The three are different moments: what moved between them must not make a number negative.
    const [pending, aborting] = await Promise.all(
      [TaskRunStatus.Pending, TaskRunStatus.Aborting].map(async (status) => {
        const { count } = await this.#index.visibility.count(
          withStatus(text, status, this.#index.context),
        );
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

type Numbers = { -readonly [K in keyof TaskRunCounts]: TaskRunCounts[K] };

function toCounts(counted: TaskRunCounts, runs: readonly TaskRun[]): TaskRunCounts {
  const counts: Numbers = { ...counted };
  for (const { status } of runs) counts[status]++;
  counts.total = Object.values(TaskRunStatus).reduce((sum, status) => sum + counts[status], 0);
  return counts;
}
