// For workflow code: nothing here knows Node or a client.
export { defineTask } from '../workflows/define-task.ts';
export type { TaskOptions } from '../workflows/define-task.ts';
export type { TaskAbort } from '../workflows/clean-up.ts';
export { proxyCheckpoints } from '../workflows/proxy-checkpoints.ts';
export type { ChildRunOptions } from '../workflows/child-runs.ts';
export type { TaskContext } from '../workflows/task-context.ts';
export type {
  InputOf,
  OutputOf,
  TaskDefinition,
  TaskDescription,
  TaskModule,
} from '../contract/task-definition.ts';
// What an author needs of Temporal's own: from here, where no project depends on how npm lays out its packages.
export {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  deprecatePatch,
  isCancellation,
  patched,
  setHandler,
  sleep,
} from '@temporalio/workflow';
