import type { TaskRun } from '../task-run.ts';
import type { TaskRunOrder } from '../tasks.ts';

/** Where a run stands in an order: its key there, then newest first. Cursors hold it. */
export interface RunPosition {
  readonly key: string | number | null;
  readonly created: number;
  readonly id: string;
}

export const positionOf = (run: TaskRun, order: TaskRunOrder): RunPosition => ({
  key: KEYS[order].of(run),
  created: run.createdAt.getTime(),
  id: run.id,
});

/** Runs without a value come last, in both directions. */
export function comparePositions(a: RunPosition, b: RunPosition, order: TaskRunOrder): number {
  if (a.key !== b.key) {
    if (a.key === null) return 1;
    if (b.key === null) return -1;
    return a.key < b.key === (KEYS[order].direction === 'up') ? -1 : 1;
  }
  return b.created - a.created || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

interface Key {
  readonly of: (run: TaskRun) => string | number | null;
  readonly direction: 'up' | 'down';
}
const created = (run: TaskRun): number => run.createdAt.getTime();
const finished = (run: TaskRun): number | null => run.finishedAt?.getTime() ?? null;
const started = (run: TaskRun): number | null => run.startedAt?.getTime() ?? null;
const up = (of: Key['of']): Key => ({ of, direction: 'up' });
const down = (of: Key['of']): Key => ({ of, direction: 'down' });

const KEYS: Readonly<Record<TaskRunOrder, Key>> = {
  NEWEST_FIRST: down(created),
  OLDEST_FIRST: up(created),
  LAST_FINISHED_FIRST: down(finished),
  FIRST_FINISHED_FIRST: up(finished),
  NAME: up((run) => run.name),
  NAME_DESCENDING: down((run) => run.name),
  DEFINITION: up((run) => run.definition),
  DEFINITION_DESCENDING: down((run) => run.definition),
  STATUS: up((run) => run.status),
  STATUS_DESCENDING: down((run) => run.status),
  STARTED: up(started),
  STARTED_DESCENDING: down(started),
  ID: up((run) => run.id),
  ID_DESCENDING: down((run) => run.id),
  ACTOR: up((run) => run.triggeredBy),
  ACTOR_DESCENDING: down((run) => run.triggeredBy),
  PARENT: up((run) => run.parent),
  PARENT_DESCENDING: down((run) => run.parent),
  ITERATION: up((run) => run.iteration),
  ITERATION_DESCENDING: down((run) => run.iteration),
};
