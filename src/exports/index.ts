// For code that triggers, aborts, lists and follows runs.
export { TaskService } from '../service/task-service.ts';
export type { TaskServiceOptions } from '../service/task-service.ts';
export { connectTemporal } from '../service/temporal/connect.ts';
export type {
  ConnectedTemporal,
  ConnectOptions,
  TemporalAddress,
} from '../service/temporal/connect.ts';
export { encryption } from '../encryption/encryption.ts';
export type { Encryption } from '../encryption/encryption.ts';
export { EncryptionKeysError } from '../encryption/key-ring.ts';
export type { EncryptionKey } from '../encryption/key-ring.ts';
export { parseKeysFile } from '../encryption/keys-file.ts';
export { TaskError, TaskErrorCode } from '../contract/task-error.ts';
export type { InputIssue, TaskErrorDetails } from '../contract/task-error.ts';
export { AbortMode, DiagnosisCode, isClosed, TaskRunStatus } from '../contract/task-run.ts';
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
} from '../contract/task-run.ts';
export { TimelineKind, TimelineOutcome } from '../contract/timeline.ts';
export type {
  Timeline,
  TimelineEntry,
  TimelineFailure,
  TimelineRequest,
} from '../contract/timeline.ts';
export { LogLevel, RunEvent } from '../contract/wire/run-log.ts';
export type { CallKind } from '../contract/wire/resumption.ts';
export type { LogLine } from '../contract/wire/run-log.ts';
export { RIGHTS } from '../contract/caller.ts';
export type { Caller, Grant, Right, TenantShare } from '../contract/caller.ts';
export { ROLES } from '../rights/rights.ts';
export { TaskRunOrder } from '../contract/tasks.ts';
export type {
  AbortRequest,
  AbortResult,
  ListRequest,
  LogEvent,
  LogFilter,
  LogPage,
  LogsRequest,
  CheckpointCall,
  RerunRequest,
  ResumedCall,
  ResumedRun,
  ResumeRequest,
  Reuse,
  RunCheckpoint,
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
} from '../contract/tasks.ts';
export type { InputOf, OutputOf, TaskDefinition, TaskModule } from '../contract/task-definition.ts';
