import {
  abortEntries,
  iterationEntry,
  openingEntries,
  runEntry,
  toTimeline,
} from '../contract/rules/to-timeline.ts';
import type { Timeline, TimelineEntry } from '../contract/timeline.ts';
import type { FakeRun } from './fake-run.ts';

/** The timeline of a run in memory: what a test did to it, and the attempts that it showed. */
export function fakeTimeline(run: FakeRun, last: number, now: Date): Timeline {
  const { row, outcome, startedAt, attempts, cutShort: asked } = run;
  const { abort } = outcome;
  const graceEndsAt = (asked ?? abort)?.graceEndsAt ?? null;
  const entries = [
    ...openingEntries(row, startedAt, now),
    ...iterationsOf(run),
    ...attempts.entries,
    ...(abort ? abortEntries({ abort, asked, graceEndsAt }, row) : []),
  ];
  return toTimeline(runEntry(row, outcome.error), entries, { last, hasEarlier: false });
}

/** Of a chain alone. */
function iterationsOf({ iterations, facts, finishedAt }: FakeRun): readonly TimelineEntry[] {
  if (iterations.length === 0) return [];
  const starts = [facts.createdAt, ...iterations];
  return starts.map((startedAt, index) => {
    const endedAt = starts[index + 1] ?? finishedAt;
    return iterationEntry(index + 1, startedAt, endedAt);
  });
}
