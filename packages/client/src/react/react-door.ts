export { useClient, useConnection, WaymarkProvider } from './provider.ts';
// All of it: an app adds to `Register` under the name of this door.
export type * from './registered.ts';
export { useRun } from './use-run.ts';
export type { LiveRun, RunState, UseRunOptions } from './use-run.ts';
export { useRunLog } from './use-run-log.ts';
export type { RunLogState, UseRunLogOptions } from './use-run-log.ts';
export { useRuns } from './use-runs.ts';
export type { RunsState } from './use-runs.ts';
export { useTrigger } from './use-trigger.ts';
export type { Trigger } from './use-trigger.ts';
export { useAbort } from './use-abort.ts';
export type { Abort } from './use-abort.ts';
