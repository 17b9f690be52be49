import { matchesFilter } from '../../contract/rules/run-filter.ts';
import { TaskRunStatus, isClosed } from '../../contract/task-run.ts';
import type { TaskRun } from '../../contract/task-run.ts';
import type { TaskRunFilter } from '../../contract/tasks.ts';
import { toRow } from '../run/to-row.ts';
import { executionOf } from '../run/to-task-run.ts';

interface Write {
  readonly run: TaskRun;
  readonly at: number;
  /** When the index was first seen to know it. */
  seen?: number;
  /** When Temporal said that it is still so; null when it no longer is. */
  sure?: number | null;
}

/**
 * What this process has just written and Temporal's index does not show yet: it follows within about 50 ms, a
 * third of a second under load, and after half a minute for a delete. Other gateways see what the index shows.
 */
export class RecentWrites {
  readonly #now: () => number;
  readonly #started = new Map<string, Write>();
  readonly #aborted = new Map<string, Write>();
  readonly #deleted = new Map<string, number>();
  readonly #listeners = new Set<() => void>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  noteStarted(run: TaskRun): void {
    this.#keep(this.#started, run.id, { run: asListed(run, this.#now()), at: this.#now() });
  }

  /** An abort was recorded: the run is aborting from now on, or over when Temporal ended it at once. */
  noteAborting(run: TaskRun): void {
    this.#keep(this.#aborted, run.id, { run: toRow(run), at: this.#now() });
  }

  noteDeleted(id: string): void {
    this.#started.delete(id);
    this.#keep(this.#deleted, id, this.#now());
  }

  /** A listed run as it is now; null when it is no longer there. */
  update(run: TaskRun): TaskRun | null {
    if (this.#isDeleted(run)) return null;
    this.#see(this.#started, run);
    if (isClosed(run.status)) {
      this.#see(this.#aborted, run);
      return run;
    }
    if (run.status !== TaskRunStatus.Aborting) return this.#abortOf(run) ?? run;
    this.#see(this.#aborted, run);
    return run;
  }

  /**
   * Runs that belong into the answer to this filter, and that the index may not have known when it was read,
   * at `readAt`.
   */
  missing(filter: TaskRunFilter, readAt: number): readonly TaskRun[] {
    const runs = new Map<string, TaskRun>();
    for (const writes of [this.#started, this.#aborted])
      for (const [key, { run, at, seen = Infinity, sure }] of writes)
        if (at >= this.#now() - LAG && seen > readAt && sure !== null && !this.#isDeleted(run))
          runs.set(key, this.#abortOf(run) ?? run);
    return [...runs.values()].filter((run) => matchesFilter(run, filter));
  }

  /** Temporal was asked whether it is still so. */
  settle(run: TaskRun, isSo: boolean): void {
    for (const writes of [this.#started, this.#aborted]) {
      const write = writes.get(run.id);
      if (write && isSame(write.run, run)) write.sure = isSo ? this.#now() : null;
    }
  }

  #see(writes: ReadonlyMap<string, Write>, run: TaskRun): void {
    const write = writes.get(run.id);
    if (write && isSame(write.run, run)) write.seen ??= this.#now();
  }

  /** Milliseconds since it was certain that this run is as it was written here. */
  ageOf(run: TaskRun): number {
    const { at = 0, sure } = this.#aborted.get(run.id) ?? this.#started.get(run.id) ?? {};
    return this.#now() - (sure ?? at);
  }

  /** Calls back after each write, until the answer is called. */
  onWrite(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #abortOf(run: TaskRun): TaskRun | undefined {
    const write = this.#aborted.get(run.id);
    if (!write || !isSame(write.run, run) || write.at < this.#now() - ABORT_KEPT) return undefined;
    const { status, finishedAt } = write.run;
    return isClosed(status)
      ? { ...run, status, finishedAt }
      : { ...run, status: TaskRunStatus.Aborting };
  }

  #isDeleted({ id, createdAt }: TaskRun): boolean {
    const at = this.#deleted.get(id);
    if (at === undefined) return false;
    // A run that was triggered since, under the same id, is another one.
    return at > this.#now() - DELETE_KEPT && createdAt.getTime() < at;
  }

  #keep<V>(writes: Map<string, V>, key: string, write: V): void {
    writes.delete(key);
    writes.set(key, write);
    const [oldest] = writes.keys();
    if (writes.size > MAX_WRITES && oldest !== undefined) writes.delete(oldest);
    for (const listener of this.#listeners) listener();
  }
}

/** Milliseconds in which the index follows, with a wide margin. */
const LAG = 3000;
/** An abort that no worker has seen is known only here and by describing the run. */
const ABORT_KEPT = 600_000;
/** Temporal deletes a run that closed a moment ago after about half a minute. */
const DELETE_KEPT = 60_000;
const MAX_WRITES = 1000;

/** A deleted run and its successor under the same id must not be mixed up. */
function isSame(run: TaskRun, other: TaskRun): boolean {
  const link = executionOf(run)?.link;
  const otherLink = executionOf(other)?.link;
  return link === undefined || otherLink === undefined || link === otherLink;
}

/** As the index will show it: that a worker has not taken it yet is nothing it knows. */
function asListed(run: TaskRun, now: number): TaskRun {
  const row = toRow(run);
  if (row.status !== TaskRunStatus.Pending || (row.scheduledFor?.getTime() ?? 0) > now) return row;
  return {
    ...row,
    status: TaskRunStatus.Running,
    startedAt: row.scheduledFor ?? row.createdAt,
  };
}
