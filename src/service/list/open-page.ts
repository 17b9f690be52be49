import type { TaskRun } from '../../contract/task-run.ts';
import type { TaskRunFilter, TaskRunOrder } from '../../contract/tasks.ts';
import type { Position } from './list-cursor.ts';
import type { VisibilityQuery } from './to-visibility-query.ts';

/** A page before its cursors are signed. */
export interface OpenPage {
  readonly listed: Listed;
  /** When the reading began. */
  readonly readAt: number;
  readonly entries: readonly Entry[];
  /** Where the next page starts; null for an empty list. */
  readonly end: Position | null;
  readonly more: boolean;
}

export interface Entry {
  readonly run: TaskRun;
  readonly position: Position;
}

/** What a page is asked with, checked. */
export interface Listed {
  readonly filter: TaskRunFilter;
  readonly query: VisibilityQuery;
  readonly orderBy: TaskRunOrder;
  readonly first: number;
  readonly after: Position | null;
  readonly signature: string;
}
