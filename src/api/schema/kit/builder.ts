import SchemaBuilder from '@pothos/core';
import type { Right } from '../../../contract/caller.ts';
import type { LogLevel, RunEvent } from '../../../contract/wire/run-log.ts';
import type {
  AbortMode,
  DiagnosisCode,
  Step,
  TaskRun,
  TaskRunStatus,
  Worker,
  WorkerSlots,
} from '../../../contract/task-run.ts';
import type { Abort, Diagnosis, Progress, TaskRunError } from '../../../contract/task-run.ts';
import type { LogPage, TaskDefinitionInfo, TaskRunOrder } from '../../../contract/tasks.ts';
import type {
  Timeline,
  TimelineEntry,
  TimelineFailure,
  TimelineKind,
  TimelineOutcome,
} from '../../../contract/timeline.ts';
import type { Connection } from './connection.ts';
import type { GatewayContext } from './context.ts';
import type { LogFilterInput } from './shapes.ts';
import type { CursoredLine } from './shapes.ts';
import type { TaskRunFilterInput } from './shapes.ts';
import type { TriggerOptionsInput } from './shapes.ts';
import type { Problem, ProblemCode } from './problem.ts';
import { DateTime, Json } from './scalars.ts';

/** What each type of the schema is made from; fields name their types by these words. */
export interface SchemaTypes {
  Context: GatewayContext;
  DefaultFieldNullability: false;
  // Pothos resolves enums by their names as it does scalars.
  Scalars: {
    ID: { Input: string; Output: string };
    JSON: { Input: unknown; Output: unknown };
    DateTime: { Input: Date; Output: Date };
    TaskRunStatus: Same<TaskRunStatus>;
    TaskRunOrder: Same<TaskRunOrder>;
    AbortMode: Same<AbortMode>;
    DiagnosisCode: Same<DiagnosisCode>;
    LogLevel: Same<LogLevel>;
    RunEvent: Same<RunEvent>;
    StepState: Same<Step['state']>;
    ProblemCode: Same<ProblemCode>;
    Right: Same<Right>;
    TimelineKind: Same<TimelineKind>;
    TimelineOutcome: Same<TimelineOutcome>;
    WorkerStatus: Same<Worker['status']>;
  };
  Inputs: {
    LogFilter: LogFilterInput;
    TaskRunFilter: TaskRunFilterInput;
    TriggerOptions: TriggerOptionsInput;
  };
  Objects: {
    Abort: Abort;
    Diagnosis: Diagnosis;
    LogLine: CursoredLine;
    LogPage: LogPage;
    Progress: Progress;
    Step: Step;
    TaskDefinition: TaskDefinitionInfo;
    TaskRun: TaskRun;
    TaskRunConnection: Connection;
    TaskRunError: TaskRunError;
    Timeline: Timeline;
    TimelineEntry: TimelineEntry;
    TimelineFailure: TimelineFailure;
    Worker: Worker;
    WorkerSlots: WorkerSlots;
  };
  Interfaces: {
    Problem: Problem;
  };
}
interface Same<T> {
  Input: T;
  Output: T;
}

export type Builder = ReturnType<typeof createBuilder>;

/** A builder that knows our scalars; fields cannot be null unless they say so. */
export function createBuilder() {
  const builder = new SchemaBuilder<SchemaTypes>({ defaultFieldNullability: false });
  builder.addScalarType('JSON', Json);
  builder.addScalarType('DateTime', DateTime);
  return builder;
}
