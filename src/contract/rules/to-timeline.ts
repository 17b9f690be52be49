import type { Abort, TaskRun, TaskRunError } from '../task-run.ts';
import { isClosed } from '../task-run.ts';
import type { Timeline, TimelineEntry } from '../timeline.ts';

/** An entry with nothing in it but what is given. */
export const entry = (
  known: Pick<TimelineEntry, 'id' | 'kind' | 'startedAt'> & Partial<TimelineEntry>,
): TimelineEntry => ({
  name: null,
  iteration: 1,
  attempt: null,
  dueAt: null,
  endedAt: null,
  outcome: null,
  failure: null,
  worker: null,
  runId: null,
  by: null,
  reason: null,
  mode: null,
  ...known,
});

/** The bar of the run itself. */
export const runEntry = (run: TaskRun, error: TaskRunError | null): TimelineEntry =>
  entry({
    id: 'run',
    kind: 'RUN',
    name: run.name,
    startedAt: run.createdAt,
    endedAt: run.finishedAt,
    outcome: statusOf(run),
    failure: error && { code: error.code, message: error.message },
    runId: run.rerunOf ?? run.resumeOf,
    by: run.triggeredBy,
  });

/** The bar of one link of a chain. */
export const iterationEntry = (
  iteration: number,
  startedAt: TimelineEntry['startedAt'],
  endedAt: TimelineEntry['endedAt'],
): TimelineEntry =>
  entry({
    id: `${iteration}`,
    kind: 'ITERATION',
    iteration,
    startedAt,
    endedAt,
    outcome: endedAt && 'DONE',
  });

const statusOf = ({ status }: TaskRun): 'SUCCEEDED' | 'FAILED' | 'ABORTED' | null =>
  status === 'SUCCEEDED' || status === 'FAILED' || status === 'ABORTED' ? status : null;

/** What a run waited for before a worker began it. `begunAt` is null while none has. */
export function openingEntries(
  run: TaskRun,
  begunAt: Date | null,
  now: Date,
): readonly TimelineEntry[] {
  const { createdAt, scheduledFor, finishedAt } = run;
  const delayed =
    scheduledFor &&
    entry({
      id: 'delay',
      kind: 'DELAYED',
      startedAt: createdAt,
      dueAt: scheduledFor,
      ...until(earliest(scheduledFor, finishedAt, begunAt), now, scheduledFor),
    });
  const dueAt = scheduledFor ?? createdAt;
  const began = begunAt ?? finishedAt;
  // It ended, or is, before it was due.
  if (began ? began < dueAt : dueAt > now) return delayed ? [delayed] : [];
  const queued = entry({
    id: 'queue',
    kind: 'QUEUED',
    startedAt: dueAt,
    endedAt: began,
    outcome: began && (begunAt ? 'DONE' : 'STOPPED'),
  });
  return delayed ? [delayed, queued] : [queued];
}

export interface Aborts {
  readonly abort: Abort;
  /** The request that was on its way when `abort` ended the run at once; null when there was none. */
  readonly asked: Abort | null;
  /** Null when no worker has seen the request. */
  readonly graceEndsAt: Date | null;
}

/** An abort, from its request until the run is over. One that was cut short by a termination stands beside it. */
export function abortEntries(
  { abort, asked, graceEndsAt }: Aborts,
  run: TaskRun,
): readonly TimelineEntry[] {
  const isTermination = abort.mode === 'TERMINATED';
  const toEntry = ({ at, by, reason, mode }: Abort, known: Partial<TimelineEntry>): TimelineEntry =>
    entry({
      id: 'abort',
      kind: 'ABORT',
      iteration: run.iteration,
      startedAt: at,
      endedAt: run.finishedAt,
      outcome: isClosed(run.status) ? 'DONE' : null,
      by,
      reason,
      mode,
      ...known,
    });
  return [
    ...(asked ? [toEntry(asked, { dueAt: graceEndsAt, outcome: 'STOPPED', mode: null })] : []),
    toEntry(abort, isTermination ? { id: 'terminate' } : { dueAt: graceEndsAt }),
  ];
}

/** The newest entries in the order in which they began, after the run itself. */
export function toTimeline(
  run: TimelineEntry,
  entries: readonly TimelineEntry[],
  { last, hasEarlier }: { readonly last: number; readonly hasEarlier: boolean },
): Timeline {
  const sorted = entries.toSorted((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
  const shown = last === 1 ? [] : sorted.slice(1 - last);
  return {
    entries: [run, ...shown],
    hasEarlier: hasEarlier || shown.length < sorted.length,
    queuedMs: queuedMsOf(entries),
  };
}

const queuedMsOf = (entries: readonly TimelineEntry[]): number | null => {
  const queued = entries.find(({ id }) => id === 'queue');
  return queued?.outcome === 'DONE' && queued.endedAt
    ? queued.endedAt.getTime() - queued.startedAt.getTime()
    : null;
};

/** What ended a delay: its time, or the end of the run. */
const until = (end: Date, now: Date, due: Date): Pick<TimelineEntry, 'endedAt' | 'outcome'> => {
  if (end > now) return { endedAt: null, outcome: null };
  return { endedAt: end, outcome: end < due ? 'STOPPED' : 'DONE' };
};

const earliest = (first: Date, ...others: readonly (Date | null)[]): Date =>
  others.reduce<Date>((min, date) => (date && date < min ? date : min), first);
