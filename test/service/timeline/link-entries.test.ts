import { readFile } from 'node:fs/promises';
import { defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { expect, test } from 'vitest';
import type { TimelineEntry } from '../../../src/contract/timeline.ts';
import { HistoryLog } from '../../../src/service/log/history-log.ts';
import type { ActivityCourse } from '../../../src/service/log/link-course.ts';
import type { LogEntry, RunEvent } from '../../../src/contract/wire/run-log.ts';
import type { LinkHistory } from '../../../src/service/log/history-log.ts';
import { api } from '../../../src/service/temporal/proto.ts';
import type { PendingActivity } from '../../../src/service/temporal/proto.ts';
import type { Temporal } from '../../../src/service/temporal/temporal.ts';
import { linkEntries } from '../../../src/service/timeline/link-entries.ts';

const temporal: Pick<Temporal, 'decode' | 'decodeFailure'> = {
  decode: async (payloads) =>
    (payloads ?? []).map((payload) => defaultPayloadConverter.fromPayload(payload)),
  decodeFailure: async (failure) =>
    failure ? defaultFailureConverter.failureToError(failure, defaultPayloadConverter) : undefined,
};

type LastFailure = NonNullable<ActivityCourse['attempt']>['lastFailure'];
const { History } = api.history.v1;

/** A saved history, as far as the event of this number. */
async function read(name: string, upTo = Infinity): Promise<LinkHistory> {
  const file = new URL(`../../histories/${name}.json`, import.meta.url);
  const json = historyFromJSON(JSON.parse(await readFile(file, 'utf8')));
  // As it comes over the wire: its numbers are longs.
  const { events } = History.decode(History.encode(json).finish());
  const log = new HistoryLog(temporal.decode);
  for (const event of events) if (Number(event.eventId) <= upTo) await log.add(event);
  return log.finish();
}

const toEntries = async (
  history: LinkHistory,
  pending: readonly PendingActivity[] = [],
  live: readonly LogEntry[] = [],
): Promise<readonly TimelineEntry[]> =>
  linkEntries(history, { temporal, iteration: 1, pending, live });

// The saved histories are older than the codes of lines.
const said = (attempt: number, e: RunEvent, t: number, m = ''): LogEntry => ({
  src: `1/1/${attempt}`,
  step: 'failUntil',
  n: t,
  t,
  l: 'INFO',
  m,
  e,
  ...(e === 'ATTEMPT_FAILED' && { d: { type: 'TooEarly' } }),
});
const FIRST = [
  said(1, 'ATTEMPT_STARTED', 613),
  said(1, 'ATTEMPT_FAILED', 614, 'Attempt 1 failed: not at attempt 1'),
];
const SECOND = said(2, 'ATTEMPT_STARTED', 627);

test('each attempt of a step is there, though history keeps the last one alone', async () => {
  const entries = await toEntries(await read('retried-activity'), [], [...FIRST, SECOND]);
  expect(entries).toMatchObject([
    { id: '1/1/queue', kind: 'QUEUED', name: 'failUntil', outcome: 'DONE' },
    {
      id: '1/1/1',
      kind: 'ATTEMPT',
      attempt: 1,
      outcome: 'FAILED',
      failure: { code: 'TooEarly', message: 'not at attempt 1' },
      worker: 'recorded',
      endedAt: new Date(614),
    },
    { id: '1/1/2', attempt: 2, outcome: 'SUCCEEDED', failure: null, worker: 'recorded' },
  ]);
});

test('a step that waits for its next attempt has none that goes on', async () => {
  const entries = await toEntries(
    await read('retried-activity', 9),
    [{ activityId: '1', attempt: 2, state: 1 }],
    FIRST,
  );
  expect(entries.map(({ id, outcome }) => [id, outcome])).toEqual([
    ['1/1/queue', 'DONE'],
    ['1/1/1', 'FAILED'],
  ]);
});

test('an attempt that was heard of no more is lost, or timed out when Temporal says so', async () => {
  const history = await read('retried-activity');
  const { course } = history;
  const [activity] = course.activities;
  if (!activity) throw new Error('The history has no activity.');
  const last = { number: 3, startedAt: new Date(1795505609000), worker: 'w3' };
  const lost = async (lastFailure: LastFailure) => {
    const attempt = { ...last, lastFailure };
    const entries = await toEntries(
      { ...history, course: { ...course, activities: [{ ...activity, attempt }] } },
      [],
      [...FIRST, SECOND],
    );
    return entries.find((one) => one.attempt === 2);
  };
  expect(await lost(null)).toMatchObject({ outcome: 'LOST', endedAt: last.startedAt });
  const timedOut = {
    message: 'activity Heartbeat timeout',
    timeoutFailureInfo: { timeoutType: 4 },
  };
  expect(await lost(timedOut)).toMatchObject({
    outcome: 'TIMED_OUT',
    failure: { code: 'TIMEOUT' },
  });
});

test('work that did not stop was abandoned, and the grace is no timer of the task', async () => {
  const history = await read('aborted-by-force');
  const entries = await toEntries(history);
  expect(entries.map(({ kind, outcome }) => [kind, outcome])).toEqual([['QUEUED', 'ABANDONED']]);
  const { startedAt, graceEndsAt } = history.course;
  expect(Number(graceEndsAt) - Number(startedAt)).toBe(186);
});

test('a timer says when it is due, and that it was stopped', async () => {
  const [timer, ...rest] = await toEntries(await read('aborted-in-timer'));
  expect(rest).toEqual([]);
  expect(timer).toMatchObject({ kind: 'TIMER', outcome: 'STOPPED' });
  expect(Number(timer?.dueAt) - Number(timer?.startedAt)).toBe(60_000);
});

test('children have the ids of their runs', async () => {
  const entries = await toEntries(await read('children'));
  expect(entries).toMatchObject([
    { kind: 'CHILD', name: 'walkSteps', outcome: 'SUCCEEDED', runId: expect.any(String) },
    { kind: 'CHILD', name: 'walkSteps', outcome: 'SUCCEEDED', runId: expect.any(String) },
  ]);
});

test('a step that its time-out stopped, stopped; the timer of that has its name', async () => {
  const entries = await toEntries(await read('timed-out'));
  const known = entries.map(({ kind, name, outcome }) => [kind, name, outcome]);
  expect(known).toContainEqual(['ATTEMPT', 'walk', 'STOPPED']);
  expect(known).toContainEqual(['TIMER', 'Timeout', 'DONE']);
});

test('what goes on in an open link has no end', async () => {
  const started = new Date(1795505605600);
  const entries = await toEntries(await read('retried-activity', 5), [
    {
      activityId: '1',
      attempt: 1,
      state: 2,
      lastWorkerIdentity: 'w1',
      lastStartedTime: msNumberToTs(started.getTime()),
    },
  ]);
  expect(entries).toMatchObject([
    { kind: 'QUEUED', outcome: 'DONE' },
    { kind: 'ATTEMPT', attempt: 1, startedAt: started, endedAt: null, outcome: null, worker: 'w1' },
  ]);
});
