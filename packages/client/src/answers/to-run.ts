import { isClosed } from '../../../../src/contract/task-run.ts';
import type { Outcome, Step, TaskRun, TaskRunDetails } from '../../../../src/contract/task-run.ts';
import type { DetailsFragment, EndedFragment, RowFragment } from '../documents/generated.ts';

export const toDate = (text: string): Date => new Date(text);
export const toDateOrNull = (text: string | null): Date | null =>
  text === null ? null : new Date(text);

export const toTaskRun = ({ hidden, ...run }: RowFragment): TaskRun => ({
  ...run,
  createdAt: toDate(run.createdAt),
  scheduledFor: toDateOrNull(run.scheduledFor),
  startedAt: toDateOrNull(run.startedAt),
  finishedAt: toDateOrNull(run.finishedAt),
  ...(hidden.length > 0 && { hidden }),
});

export function toDetails({ abort, progress, steps, ...run }: DetailsFragment): TaskRunDetails {
  const { status } = run;
  return {
    ...toTaskRun(run),
    // As of every `Tasks`: of a closed run it is part of the outcome.
    progress: isClosed(status) ? null : progress,
    abortRequested: abort !== null || status === 'ABORTING',
    steps: (steps ?? []).map(toStep),
  };
}

const toStep = (step: NonNullable<DetailsFragment['steps']>[number]): Step => ({
  ...step,
  since: toDateOrNull(step.since),
  lastHeartbeat: toDateOrNull(step.lastHeartbeat),
  nextAttemptAt: toDateOrNull(step.nextAttemptAt),
});

export const toOutcome = ({
  abort,
  progress,
  status,
  ...ended
}: EndedFragment & Pick<RowFragment, 'status'>): Outcome => ({
  ...ended,
  abort: abort && { ...abort, at: toDate(abort.at), graceEndsAt: toDateOrNull(abort.graceEndsAt) },
  progress: isClosed(status) ? progress : null,
});
