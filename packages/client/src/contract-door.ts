export type { TasksClientOptions } from './tasks-client.ts';
export type { AsJson, OutputOfRun, RemoteListRequest, RemoteTasks, RunOf } from './remote-tasks.ts';
export type { RemoteFilter } from './answers/to-filter-input.ts';
export { RunError } from './run-error.ts';
export { GatewayError } from './wire/wire-errors.ts';
export type { Connection } from './wire/connections.ts';
export type { Token } from './wire/credentials.ts';
export type { Document } from './wire/document.ts';
export { TaskError } from '../../../src/contract/task-error.ts';
export type {
  InputIssue,
  TaskErrorCode,
  TaskErrorDetails,
} from '../../../src/contract/task-error.ts';
export { isClosed } from '../../../src/contract/task-run.ts';
export type {
  Abort,
  AbortMode,
  CleanUp,
  Diagnosis,
  DiagnosisCode,
  HiddenField,
  Outcome,
  Progress,
  Step,
  TaskRun,
  TaskRunDetails,
  TaskRunError,
  TaskRunStatus,
  Worker,
  WorkerSlots,
} from '../../../src/contract/task-run.ts';
export type {
  AbortRequest,
  AbortResult,
  LogEvent,
  LogFilter,
  LogPage,
  LogsRequest,
  Me,
  CheckpointCall,
  RerunRequest,
  ResumedCall,
  ResumedRun,
  ResumeRequest,
  Reuse,
  RunCheckpoint,
  ServerInfo,
  TailRequest,
  TaskDefinitionInfo,
  TaskRunCounts,
  TaskRunListEvent,
  TaskRunOrder,
  TaskRunPage,
  TerminateRequest,
  TerminateResult,
  TriggerOptions,
  TriggerRequest,
  TriggeredRun,
} from '../../../src/contract/tasks.ts';
export type {
  Timeline,
  TimelineEntry,
  TimelineFailure,
  TimelineKind,
  TimelineOutcome,
  TimelineRequest,
} from '../../../src/contract/timeline.ts';
export type { InputOf, OutputOf, TaskModule } from '../../../src/contract/task-definition.ts';
export type { CallKind } from '../../../src/contract/wire/resumption.ts';
export type { LogLevel, LogLine, RunEvent } from '../../../src/contract/wire/run-log.ts';
