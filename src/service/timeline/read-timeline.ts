import {
  abortEntries,
  openingEntries,
  iterationEntry,
  runEntry,
  toTimeline,
} from '../../contract/rules/to-timeline.ts';
import type { Timeline, TimelineEntry } from '../../contract/timeline.ts';
import type { LinkHistory } from '../log/history-log.ts';
import type { LinkCourse } from '../log/link-course.ts';
import type { LinkHistories } from '../log/link-histories.ts';
import type { LinkState, RunSource } from '../log/run-source.ts';
import { toAbort } from '../run/outcome.ts';
import { toRunError } from '../run/to-run-error.ts';
import { executionOf } from '../run/to-task-run.ts';
import { isGone } from '../temporal/to-task-error.ts';
import { linkEntries } from './link-entries.ts';

/** The last so many entries of a run's timeline, from raw history: no worker is needed. */
export async function readTimeline(
  id: string,
  last: number,
  { source, histories }: { readonly source: RunSource; readonly histories: LinkHistories },
): Promise<Timeline> {
  const { temporal } = source;
  const state = await source.state(id);
  const { details: run } = state;
  const newest = await histories.reached(id, state.link, state.historyLength);
  const entries: TimelineEntry[] = [...(await abortOf(newest, state, source))];
  const isChain = run.iteration > 1 || newest.course.before !== undefined;
  let before: string | undefined = state.link;
  for (let links = 0; before !== undefined && links < MOST_LINKS; links++) {
    if (entries.length > last) break;
    const history: LinkHistory | undefined =
      links === 0 ? newest : await heldOf(histories, id, before);
    if (!history) break;
    const course: LinkCourse = history.course;
    const iteration = run.iteration - links;
    if (isChain) entries.push(iterationEntry(iteration, course.startedAt, course.endedAt));
    const { activities: pending, lines: live } = links === 0 ? state : NOTHING;
    entries.push(...(await linkEntries(history, { temporal, iteration, pending, live })));
    ({ before } = course);
    if (before === undefined) entries.push(...openingEntries(run, course.begunAt, new Date()));
  }
  const failure = await toRunError(temporal, newest.end ?? {}, []);
  return toTimeline(runEntry(run, failure), entries, { last, hasEarlier: before !== undefined });
}

/** Links that one call looks at, a call or more each; it bounds what a long chain may cost. */
const MOST_LINKS = 20;
const NOTHING: Pick<LinkState, 'activities' | 'lines'> = { activities: [], lines: [] };

/** Undefined for a link that Temporal no longer holds. */
async function heldOf(
  histories: LinkHistories,
  id: string,
  link: string,
): Promise<LinkHistory | undefined> {
  try {
    return await histories.reached(id, link, Infinity);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

async function abortOf(
  { end, abortRequest, course }: LinkHistory,
  { details: run, open }: LinkState,
  { temporal }: RunSource,
): Promise<readonly TimelineEntry[]> {
  const graceEndsAt = course.graceEndsAt ?? executionOf(run)?.graceEndsAt ?? null;
  const cancel = abortRequest;
  const abort = await toAbort(temporal, { end: end ?? {}, cancel, request: { open, graceEndsAt } });
  if (!abort) return [];
  // As it stood when the termination came.
  const asked =
    abort.mode === 'TERMINATED'
      ? await toAbort(temporal, { end: {}, cancel, request: { open: true, graceEndsAt } })
      : null;
  return abortEntries({ abort, asked, graceEndsAt }, run);
}
