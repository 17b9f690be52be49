import { tsToMs } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import { isEnd, resetIn } from '../temporal/history.ts';
import type { HistoryEvent } from '../temporal/history.ts';
import { toDate } from '../temporal/to-date.ts';

type Failure = temporal.api.failure.v1.IFailure;
type Payload = temporal.api.common.v1.IPayload;

/** What the events of one link say of its course. Its attempts but the last of each activity are in its log alone. */
export interface LinkCourse {
  /** The link before, whether or not Temporal still holds it. */
  readonly before: string | undefined;
  readonly startedAt: Date;
  /** When a worker first took it up. */
  readonly begunAt: Date | null;
  /** How many events there are. */
  readonly events: number;
  readonly endedAt: Date | null;
  /** When the grace of its abort is over; null when no worker has seen one. */
  readonly graceEndsAt: Date | null;
  readonly activities: readonly ActivityCourse[];
  readonly timers: readonly TimerCourse[];
  readonly children: readonly ChildCourse[];
  readonly pauses: readonly PauseCourse[];
  readonly moments: readonly Moment[];
  /** Who sent the log of an attempt, by its source. */
  readonly senders: ReadonlyMap<string, string>;
}

interface Course {
  /** Temporal's id of it, unique in its kind and link. */
  readonly id: string;
  readonly startedAt: Date;
  endedAt: Date | null;
}

export interface ActivityCourse extends Course {
  readonly name: string;
  /** The one that ended it. */
  attempt: LastAttempt | null;
  outcome: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'STOPPED' | null;
  failure: Failure | null;
}

interface LastAttempt {
  readonly number: number;
  readonly startedAt: Date;
  readonly worker: string | null;
  /** Of the attempt before. */
  readonly lastFailure: Failure | null;
}

export interface TimerCourse extends Course {
  readonly dueAt: Date;
  /** What the task called it. */
  readonly summary: Payload | null;
  outcome: 'DONE' | 'STOPPED' | null;
}

export interface ChildCourse extends Course {
  readonly runId: string;
  readonly definition: string;
  outcome: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED' | null;
  failure: Failure | null;
}

export interface PauseCourse extends Course {
  readonly by: string | null;
  readonly reason: string | null;
}

/** What an operator did that took no time. */
export interface Moment {
  readonly id: string;
  readonly kind: 'UNPAUSED' | 'RESET';
  readonly at: Date;
  /** Temporal does not say who resets. */
  readonly by: string | null;
  readonly reason: string | null;
}

/** Reads the course of one link from its events, from the first one. */
export class CourseReader {
  readonly #activities = new Map<string, ActivityCourse>();
  readonly #timers = new Map<string, TimerCourse>();
  readonly #children = new Map<string, ChildCourse>();
  readonly #pauses: PauseCourse[] = [];
  readonly #moments: Moment[] = [];
  readonly #senders = new Map<string, string>();
  #before: string | undefined;
  #startedAt = new Date(0);
  #begunAt: Date | null = null;
  #endedAt: Date | null = null;
  #graceEndsAt: Date | null = null;
  /** The abort was announced just now: the timer that follows is its grace. */
  #announced = false;
  #events = 0;

  /** An attempt has sent a part of its log. */
  sent(source: string, worker: string): void {
    if (worker) this.#senders.set(source, worker);
  }

  add(event: HistoryEvent): void {
    const at = toDate(event.eventTime) ?? this.#startedAt;
    const { workflowExecutionStartedEventAttributes: started } = event;
    this.#events++;
    if (started) {
      this.#before = started.continuedExecutionRunId || undefined;
      this.#startedAt = at;
    } else if (event.workflowTaskStartedEventAttributes) this.#begunAt ??= at;
    else if (isEnd(event)) this.#endedAt = at;
    else {
      this.#addActivity(event, at);
      this.#addTimer(event, at);
      this.#addChild(event, at);
      this.#addPause(event, at);
      const reset = resetIn(event);
      if (reset) this.#addMoment('RESET', event, { at, reason: reset.failure?.message });
    }
  }

  read(): LinkCourse {
    return {
      before: this.#before,
      startedAt: this.#startedAt,
      begunAt: this.#begunAt,
      events: this.#events,
      endedAt: this.#endedAt,
      graceEndsAt: this.#graceEndsAt,
      activities: [...this.#activities.values()],
      timers: [...this.#timers.values()],
      children: [...this.#children.values()],
      pauses: this.#pauses,
      moments: this.#moments,
      senders: this.#senders,
    };
  }

  #addActivity(event: HistoryEvent, at: Date): void {
    const {
      activityTaskScheduledEventAttributes: scheduled,
      activityTaskStartedEventAttributes: started,
      activityTaskCompletedEventAttributes: completed,
      activityTaskFailedEventAttributes: failed,
      activityTaskTimedOutEventAttributes: timedOut,
      activityTaskCanceledEventAttributes: canceled,
    } = event;
    if (scheduled)
      this.#activities.set(String(event.eventId), {
        id: scheduled.activityId ?? '',
        name: scheduled.activityType?.name ?? '',
        startedAt: at,
        attempt: null,
        endedAt: null,
        outcome: null,
        failure: null,
      });
    const about = started ?? completed ?? failed ?? timedOut ?? canceled;
    const activity = about && this.#activities.get(String(about.scheduledEventId));
    if (!activity) return;
    if (started) {
      activity.attempt = {
        number: started.attempt ?? 1,
        startedAt: at,
        worker: started.identity || null,
        lastFailure: started.lastFailure ?? null,
      };
      return;
    }
    activity.endedAt = at;
    activity.outcome = completed
      ? 'SUCCEEDED'
      : failed
        ? 'FAILED'
        : timedOut
          ? 'TIMED_OUT'
          : 'STOPPED';
    activity.failure = (failed ?? timedOut)?.failure ?? null;
  }

  #addTimer(event: HistoryEvent, at: Date): void {
    const {
      timerStartedEventAttributes: started,
      timerFiredEventAttributes: fired,
      timerCanceledEventAttributes: canceled,
      upsertWorkflowSearchAttributesEventAttributes: upserted,
    } = event;
    const announced = this.#announced;
    this.#announced = upserted?.searchAttributes?.indexedFields?.['TaskAbort'] !== undefined;
    if (started) {
      const dueAt = new Date(at.getTime() + tsToMs(started.startToFireTimeout));
      // Of the run's own: it goes with the abort.
      if (announced) this.#graceEndsAt = dueAt;
      else
        this.#timers.set(String(event.eventId), {
          id: started.timerId ?? '',
          startedAt: at,
          dueAt,
          summary: event.userMetadata?.summary ?? null,
          endedAt: null,
          outcome: null,
        });
    }
    const timer = this.#timers.get(String((fired ?? canceled)?.startedEventId));
    if (!timer) return;
    timer.endedAt = at;
    timer.outcome = fired ? 'DONE' : 'STOPPED';
  }

  #addChild(event: HistoryEvent, at: Date): void {
    const {
      startChildWorkflowExecutionInitiatedEventAttributes: initiated,
      startChildWorkflowExecutionFailedEventAttributes: notStarted,
      childWorkflowExecutionCompletedEventAttributes: completed,
      childWorkflowExecutionFailedEventAttributes: failed,
      childWorkflowExecutionTimedOutEventAttributes: timedOut,
      childWorkflowExecutionCanceledEventAttributes: canceled,
      childWorkflowExecutionTerminatedEventAttributes: terminated,
    } = event;
    if (initiated)
      this.#children.set(String(event.eventId), {
        id: initiated.workflowId ?? '',
        runId: initiated.workflowId ?? '',
        definition: initiated.workflowType?.name ?? '',
        startedAt: at,
        endedAt: null,
        outcome: null,
        failure: null,
      });
    const end = notStarted ?? completed ?? failed ?? timedOut ?? canceled ?? terminated;
    const child = end && this.#children.get(String(end.initiatedEventId));
    if (!child) return;
    child.endedAt = at;
    child.outcome = completed
      ? 'SUCCEEDED'
      : timedOut
        ? 'TIMED_OUT'
        : (failed ?? notStarted)
          ? 'FAILED'
          : 'ABORTED';
    child.failure = failed?.failure ?? null;
  }

  #addPause(event: HistoryEvent, at: Date): void {
    const {
      workflowExecutionPausedEventAttributes: paused,
      workflowExecutionUnpausedEventAttributes: unpaused,
    } = event;
    if (paused)
      this.#pauses.push({
        id: String(event.eventId),
        startedAt: at,
        endedAt: null,
        by: paused.identity || null,
        reason: paused.reason || null,
      });
    const last = this.#pauses.at(-1);
    if (!unpaused) return;
    if (last) last.endedAt ??= at;
    this.#addMoment('UNPAUSED', event, { ...unpaused, at });
  }

  #addMoment(
    kind: Moment['kind'],
    { eventId }: HistoryEvent,
    { at, identity, reason }: MomentFacts,
  ): void {
    const by = identity || null;
    this.#moments.push({ id: String(eventId), kind, at, by, reason: reason || null });
  }
}

interface MomentFacts {
  readonly at: Date;
  readonly identity?: string | null | undefined;
  readonly reason?: string | null | undefined;
}
