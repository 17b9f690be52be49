import { matchesFilter } from '../../contract/rules/run-filter.ts';
import { comparePositions, positionOf } from '../../contract/rules/run-order.ts';
import { TaskError } from '../../contract/task-error.ts';
import { isClosed } from '../../contract/task-run.ts';
import type { TaskRun } from '../../contract/task-run.ts';
import type { TaskRunFilter, TaskRunOrder } from '../../contract/tasks.ts';
import type { Entry, OpenPage } from './open-page.ts';
import type { RecentWrites } from './recent-writes.ts';
import { executionOf } from '../run/to-task-run.ts';
import type { VisibilityQuery } from './to-visibility-query.ts';

/** Describes a link of a run. */
export type LookAtRun = (
  id: string,
  link?: string,
) => Promise<{ readonly run: Pick<TaskRun, 'status'> }>;

export interface OwnWritesOptions {
  readonly describe: LookAtRun;
  readonly writes: RecentWrites;
}

/**
 * Lays what this process has just written over what Temporal's index says.
 *
 * A page of 3, newest first, is read at 12:00:01: the index has c (11:59), b (11:58), a (11:57), and more. Meanwhile
 *
 * - x was triggered here at 12:00:00 and is not in the index yet. Its place is before c, within the page: the page is
 *   x, c, b, it ends after b, and a is on the next one.
 * - x is not shown on that next page: its place is before the cursor. It is not on any later page either, and Temporal
 *   is asked nothing about it for them.
 * - b was aborted here: it is shown as `ABORTING`. With `status: [RUNNING]` it is left out, and the page is x, c.
 * - c was deleted here: it is left out, though Temporal goes on listing it for half a minute.
 * - With `status: [RUNNING]` x may have ended already, and the index may know that: it is shown for 250 ms on trust,
 *   then Temporal is asked. Three seconds after 12:00:00 the index is believed alone.
 */
export class OwnWrites {
  readonly #describe: LookAtRun;
  readonly #writes: RecentWrites;

  constructor({ describe, writes }: OwnWritesOptions) {
    this.#describe = describe;
    this.#writes = writes;
  }

  /** What this process wrote a moment ago shows wherever the index is. */
  async over(read: OpenPage): Promise<OpenPage> {
    const { filter, query, orderBy, first, after } = read.listed;
    const page = { ...read, entries: read.entries.flatMap((entry) => this.#updated(entry, query)) };
    if (BY_FINISH.has(orderBy)) return page;
    const present = new Set(page.entries.map(({ run }) => run.id));
    const missing = this.#writes
      .missing(filter, page.readAt)
      .filter(({ id }) => !present.has(id))
      .map((run) => ({ run, position: positionOf(run, orderBy) }))
      .filter(
        ({ position }) =>
          (!after || comparePositions(position, after, orderBy) > 0) &&
          (!page.more || (page.end && comparePositions(position, page.end, orderBy) < 0)),
      );
    const own = await this.#stillTrue(missing, filter);
    if (own.length === 0) return page;
    const entries = [...page.entries, ...own].toSorted((a, b) =>
      comparePositions(a.position, b.position, orderBy),
    );
    const shown = entries.slice(0, first);
    const isCut = entries.length > first;
    return {
      ...page,
      entries: shown,
      end: isCut || !page.more ? (shown.at(-1)?.position ?? page.end) : page.end,
      more: page.more || isCut,
    };
  }

  /** Written since the page was read: it may be shared with others, and a live list keeps it for a second. */
  #updated({ run, position }: Entry, { rest }: VisibilityQuery): readonly Entry[] {
    const now = this.#writes.update(run);
    return now && (now === run || matchesFilter(now, rest)) ? [{ run: now, position }] : [];
  }

  /** A filter by status may leave out a run because it has ended meanwhile: only the run itself can tell. */
  async #stillTrue(
    entries: readonly Entry[],
    { status = [], statusNot = [] }: TaskRunFilter,
  ): Promise<readonly Entry[]> {
    if (status.length === 0 && statusNot.length === 0) return entries;
    const checked = await Promise.all(
      entries.map(async (entry, index) => {
        const { run } = entry;
        if (this.#writes.ageOf(run) < CERTAIN) return entry;
        if (index >= MAX_CHECKED) return null;
        const isOpen = await this.#isOpen(run);
        this.#writes.settle(run, isOpen);
        return isOpen ? entry : null;
      }),
    );
    return checked.filter((entry) => entry !== null);
  }

  async #isOpen(run: TaskRun): Promise<boolean> {
    try {
      const now = await this.#describe(run.id, executionOf(run)?.link);
      return isClosed(now.run.status) === isClosed(run.status);
    } catch (error) {
      // The list is right without it, only later.
      if (error instanceof TaskError) return false;
      throw error;
    }
  }
}

const BY_FINISH: ReadonlySet<TaskRunOrder> = new Set([
  'LAST_FINISHED_FIRST',
  'FIRST_FINISHED_FIRST',
]);
/** Milliseconds within which a fresh write needs no second look. */
const CERTAIN = 250;
const MAX_CHECKED = 10;
