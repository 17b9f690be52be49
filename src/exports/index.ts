// For code that triggers, aborts, lists and follows runs.
export { TaskService } from '../service/task-service.ts';
export type { TaskServiceOptions } from '../service/task-service.ts';
export { connectTemporal } from '../service/connect.ts';
export type { ConnectedTemporal, ConnectOptions, TemporalAddress } from '../service/connect.ts';
export { TaskError, TaskErrorCode } from '../definition/task-error.ts';
export type { InputIssue, TaskErrorDetails } from '../definition/task-error.ts';
export { AbortMode, DiagnosisCode, isClosed, TaskRunStatus } from '../definition/task-run.ts';
export type {
  Abort,
  Diagnosis,
  Outcome,
  Progress,
  Step,
  TaskRun,
  TaskRunDetails,
  TaskRunError,
  Worker,
} from '../definition/task-run.ts';
export { LogLevel } from '../definition/run-log.ts';
export type { LogLine } from '../definition/run-log.ts';
export { TaskRunOrder } from '../definition/tasks.ts';
export type {
  AbortRequest,
  AbortResult,
  Actor,
  ListRequest,
  LogEvent,
  LogFilter,
  LogPage,
  LogsRequest,
  RerunRequest,
  Settings,
  TailRequest,
  TaskDefinitionInfo,
  TaskRunCounts,
  TaskRunFilter,
  TaskRunListEvent,
  TaskRunPage,
  Tasks,
  TriggeredRun,
  TriggerOptions,
  TriggerRequest,
} from '../definition/tasks.ts';
export type {
  InputOf,
  OutputOf,
  TaskDefinition,
  TaskModule,
} from '../definition/task-definition.ts';
