// For activities: what they tell of themselves, and where they may be stopped.
export { ActivityAbort } from '../activities/activity-abort.ts';
export { abortSignal, checkpoint, lastCheckpoint } from '../activities/checkpoint.ts';
export { log } from '../activities/log.ts';
export { progress } from '../activities/progress.ts';
export type { ProgressReport } from '../activities/progress.ts';
// What an author needs of Temporal's own: from here, where no project depends on how npm lays out its packages.
export { ApplicationFailure, Context } from '@temporalio/activity';
