import type { LogLine } from '../../../contract/wire/run-log.ts';
import type { TaskRun } from '../../../contract/task-run.ts';

/** Facts of a run in the namespace's terms. */
const hasBegun = ({ startedAt, iteration }: TaskRun): boolean =>
  startedAt !== null || iteration > 1;

export const iterationsOf = (run: TaskRun): number => (hasBegun(run) ? run.iteration : 0);
/** What finds the run in Temporal Web UI. */
export const executionNameOf = (run: TaskRun): string => (hasBegun(run) ? run.id : '');

/** The last change that a row tells of. */
export const changedOn = ({ finishedAt, startedAt }: TaskRun): Date | null =>
  finishedAt ?? startedAt;
export const savedOn = (run: TaskRun): Date => changedOn(run) ?? run.createdAt;

export interface Identity {
  readonly id: string;
  readonly displayName: string;
  readonly type: string | null;
}
export const identityOf = ({ triggeredBy }: TaskRun): Identity =>
  triggeredBy === null ? UNKNOWN : { id: triggeredBy, displayName: triggeredBy, type: null };
/** Of a run that was started around the service. */
export const UNKNOWN: Identity = { id: 'unknown', displayName: 'Unknown', type: null };

export const typeOf = ({ level }: LogLine): string => (level === 'ERROR' ? 'error' : 'info');
