import type { TaskRunStatus } from '../../../contract/task-run.ts';
import type { LogLevel, LogLine } from '../../../contract/wire/run-log.ts';
import type { Nullable } from './without-nulls.ts';

/** A line with the position after it. */
export interface CursoredLine {
  readonly line: LogLine;
  readonly cursor: string;
}

export interface LogFilterInput {
  readonly levels?: LogLevel[];
  readonly steps?: string[];
  readonly search?: string;
}

type OneOf<T> = Nullable<{ in: T[]; notIn: T[] }>;
type Period = Nullable<{ after: Date; before: Date }>;

export interface TaskRunFilterInput {
  readonly search?: string;
  readonly id?: OneOf<string>;
  readonly definition?: OneOf<string>;
  readonly status?: OneOf<TaskRunStatus>;
  readonly createdAt?: Period;
  readonly scheduledFor?: Period;
  readonly finishedAt?: Period;
  readonly tags?: Nullable<{ any: string[]; all: string[]; none: string[] }>;
  readonly parent?: OneOf<string>;
  readonly topLevel?: boolean;
  readonly triggeredBy?: OneOf<string>;
  readonly name?: Nullable<{ in: string[]; notIn: string[]; startsWith: string }>;
  readonly rerunOf?: OneOf<string>;
  readonly resumeOf?: OneOf<string>;
  readonly iteration?: Nullable<{ min: number; max: number }>;
}

export interface TriggerOptionsInput {
  readonly name?: string;
  readonly delay?: number;
  readonly runAt?: Date;
  readonly key?: string;
  readonly tags?: string[];
  readonly parent?: string;
  readonly priority?: number;
}

export interface WebUi {
  /** Such as `http://localhost:8233`, with or without a path, without a slash at its end. */
  readonly address: string;
  readonly namespace: string;
}
