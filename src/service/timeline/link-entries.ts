import { entry } from '../../contract/rules/to-timeline.ts';
import type { TimelineEntry } from '../../contract/timeline.ts';
import type { LogEntry } from '../../contract/wire/run-log.ts';
import type { ChildCourse, Moment, PauseCourse, TimerCourse } from '../log/link-course.ts';
import type { LinkHistory } from '../log/history-log.ts';
import { decodeFirst } from '../temporal/decode-first.ts';
import type { PendingActivity } from '../temporal/proto.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { attemptEntries, told } from './attempt-entries.ts';

export interface LinkKnown {
  readonly temporal: Pick<Temporal, 'decode' | 'decodeFailure'>;
  readonly iteration: number;
  /** Of a run whose last link this is, and is open, or was ended from outside. */
  readonly pending: readonly PendingActivity[];
  /** Lines that only heartbeats have. */
  readonly live: readonly LogEntry[];
}

/** The bars of one link of a run. */
export async function linkEntries(
  { course, log }: Pick<LinkHistory, 'course' | 'log'>,
  known: LinkKnown,
): Promise<readonly TimelineEntry[]> {
  const { temporal, iteration, pending } = known;
  const { senders, endedAt: over } = course;
  const lines = byActivity([...log.page({ limitBytes: Infinity }).entries, ...known.live]);
  const entries = [
    ...course.pauses.map((pause) => pausedOf(pause, iteration, over)),
    ...course.moments.map((moment) => momentOf(moment, iteration)),
  ];
  for (const activity of course.activities)
    entries.push(
      ...(await attemptEntries(activity, {
        temporal,
        iteration,
        lines: lines.get(`${iteration}/${activity.id}`) ?? new Map(),
        senders,
        pending: pending.find(({ activityId }) => activityId === activity.id),
        over,
      })),
    );
  for (const timer of course.timers) entries.push(await timerOf(timer, known, over));
  for (const child of course.children) entries.push(await childOf(child, known, over));
  return entries;
}

/** The lines of attempts' own lives, by their activity and number. */
function byActivity(
  lines: readonly LogEntry[],
): ReadonlyMap<string, ReadonlyMap<number, readonly LogEntry[]>> {
  const all = new Map<string, Map<number, LogEntry[]>>();
  for (const line of lines) {
    if (line.e === undefined) continue;
    const slash = line.src.lastIndexOf('/');
    const activity = line.src.slice(0, slash);
    const attempt = Number(line.src.slice(slash + 1));
    const attempts = all.get(activity) ?? new Map<number, LogEntry[]>();
    all.set(activity, attempts.set(attempt, [...(attempts.get(attempt) ?? []), line]));
  }
  return all;
}

/** What went on when its link ended has ended with it. */
const cutBy = (
  endedAt: Date | null,
  over: Date | null,
): Pick<TimelineEntry, 'endedAt'> & { readonly cut: boolean } => ({
  endedAt: endedAt ?? over,
  cut: endedAt === null && over !== null,
});

async function timerOf(
  { id, startedAt, dueAt, summary, outcome, endedAt }: TimerCourse,
  { temporal, iteration }: LinkKnown,
  over: Date | null,
): Promise<TimelineEntry> {
  const name = summary && (await decodeFirst([summary], temporal.decode));
  const { cut, ...ended } = cutBy(endedAt, over);
  return entry({
    id: `${iteration}/timer/${id}`,
    kind: 'TIMER',
    name: typeof name === 'string' ? name : null,
    iteration,
    startedAt,
    dueAt,
    ...ended,
    outcome: cut ? 'STOPPED' : outcome,
  });
}

async function childOf(
  { id, runId, definition, startedAt, endedAt, outcome, failure }: ChildCourse,
  { temporal, iteration }: LinkKnown,
  over: Date | null,
): Promise<TimelineEntry> {
  const { cut, ...ended } = cutBy(endedAt, over);
  return entry({
    id: `${iteration}/child/${id}`,
    kind: 'CHILD',
    name: definition,
    iteration,
    startedAt,
    ...ended,
    outcome: cut ? 'ABANDONED' : outcome,
    failure: await told(temporal, failure),
    runId,
  });
}

function pausedOf(
  { id, startedAt, endedAt, by, reason }: PauseCourse,
  iteration: number,
  over: Date | null,
): TimelineEntry {
  const { cut, ...ended } = cutBy(endedAt, over);
  return entry({
    id: `${iteration}/pause/${id}`,
    kind: 'PAUSED',
    iteration,
    startedAt,
    ...ended,
    outcome: ended.endedAt && (cut ? 'STOPPED' : 'DONE'),
    by,
    reason,
  });
}

const momentOf = ({ id, kind, at, by, reason }: Moment, iteration: number): TimelineEntry =>
  entry({
    id: `${iteration}/${kind.toLowerCase()}/${id}`,
    kind,
    iteration,
    startedAt: at,
    endedAt: at,
    outcome: 'DONE',
    by,
    reason,
  });
