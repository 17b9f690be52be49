import type { temporal } from '@temporalio/proto';
import { LOG_SIGNAL, isCarried, isLoggedResult } from '../../contract/wire/messages.ts';
import { LastCheckpoints } from '../../contract/wire/last-checkpoints.ts';
import { RunLog, isEnvelope } from '../../contract/wire/run-log.ts';
import type {
  CarriedLog,
  LogEntry,
  LogPageRequest,
  WireLogPage,
} from '../../contract/wire/run-log.ts';
import { UNREADABLE, decodeFirst, decodeOr } from '../temporal/decode-first.ts';
import { isEnd, resetIn } from '../temporal/history.ts';
import type { HistoryEvent } from '../temporal/history.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { CourseReader } from './link-course.ts';
import type { LinkCourse } from './link-course.ts';
import { missingLines } from './missing-lines.ts';

type Failure = temporal.api.failure.v1.IFailure;

/** What the history of one link says of its log. */
export interface LinkHistory {
  readonly log: RunLog;
  readonly checkpoints: LastCheckpoints;
  /** Lines from this offset on are settled, but the workflow has not yet decided in what order. */
  readonly safe: number;
  readonly abortRequest: HistoryEvent | undefined;
  readonly end: HistoryEvent | undefined;
  /** Lines up to this offset are of the execution that a reset made this one of. */
  readonly inherited: number;
  /** The link that follows. */
  readonly next: string | undefined;
  readonly course: LinkCourse;
}

/** Rebuilds the log of one link from its events, as its workflow holds it: same reducer, same order. */
export class HistoryLog {
  readonly #decode: Temporal['decode'];
  #log = new RunLog();
  readonly #checkpoints = new LastCheckpoints();
  #signals: unknown[] = [];
  #outcomes: unknown[] = [];
  #inherited = 0;
  /** A reset was just now: what comes before the next workflow task is of the execution before it. */
  #resetting = false;
  #foreign: Foreign | undefined;
  #abortRequest: HistoryEvent | undefined;
  #end: HistoryEvent | undefined;
  readonly #course = new CourseReader();
  /** Places where lines cannot be read, and whether one of them is here. */
  #unreadable = { places: 0, here: false };

  constructor(decode: Temporal['decode']) {
    this.#decode = decode;
  }

  async add(event: HistoryEvent): Promise<void> {
    const {
      workflowExecutionStartedEventAttributes: started,
      workflowExecutionSignaledEventAttributes: signaled,
      activityTaskCompletedEventAttributes: completed,
      activityTaskTimedOutEventAttributes: timedOut,
    } = event;
    this.#course.add(event);
    if (started) this.#log = new RunLog(await this.#carried(started.input?.payloads));
    else if (signaled?.signalName === LOG_SIGNAL) {
      const envelope = await this.#told(event, signaled.input);
      this.#signals.push(envelope);
      if (isEnvelope(envelope) && !this.#unreadable.here)
        this.#course.sent(envelope.src, signaled.identity ?? '');
    } else if (completed) {
      const answer = await this.#told(event, completed.result);
      this.#outcomes.push(isLoggedResult(answer) ? answer.log : answer);
    } else if (timedOut)
      this.#outcomes.push(await this.#told(event, lastHeartbeatOf(timedOut.failure)));
    // Not the task's start: one that fails is done again together with what came since.
    else if (event.workflowTaskCompletedEventAttributes) this.#settle();
    else if (resetIn(event)) this.#resetting = true;
    else if (event.workflowTaskScheduledEventAttributes && this.#resetting) {
      this.#resetting = false;
      this.#foreign = { signals: this.#signals.length, outcomes: this.#outcomes.length };
    }
    if (event.workflowExecutionCancelRequestedEventAttributes) this.#abortRequest ??= event;
    if (isEnd(event)) this.#end = event;
  }

  finish(): LinkHistory {
    const safe = this.#log.next;
    this.#settle();
    return {
      log: this.#log,
      checkpoints: this.#checkpoints,
      safe,
      inherited: this.#inherited,
      abortRequest: this.#abortRequest,
      end: this.#end,
      next: this.#end && nextLinkOf(this.#end),
      course: this.#course.read(),
    };
  }

  /** A workflow task brings its signals before its activity results. */
  #settle(): void {
    const foreign = this.#foreign && lastOf(this.#foreign, this.#signals.length);
    this.#foreign = undefined;
    for (const [index, envelope] of [...this.#signals, ...this.#outcomes].entries()) {
      if (index === foreign) this.#inherited = this.#log.next;
      this.#log.apply(envelope);
      this.#checkpoints.apply(envelope);
    }
    if (foreign === this.#signals.length + this.#outcomes.length) this.#inherited = this.#log.next;
    this.#signals = [];
    this.#outcomes = [];
  }

  async #carried(input: Parameters<Temporal['decode']>[0]): Promise<CarriedLog | undefined> {
    const carried = await decodeFirst(input?.slice(1), this.#decode);
    return isCarried(carried) ? carried.log : undefined;
  }

  /**
   * What an event carries. Where that cannot be read, one line says so, and is not said again before something could be
   * read: lines that are missing without a word would look like a log without them.
   */
  async #told(event: HistoryEvent, carrier: Carrier): Promise<unknown> {
    const value = await decodeOr(carrier?.payloads, this.#decode);
    const { here } = this.#unreadable;
    this.#unreadable.here = value === UNREADABLE;
    if (value !== UNREADABLE) return value;
    return here ? undefined : missingLines(++this.#unreadable.places, event.eventTime);
  }
}

type Carrier = temporal.api.common.v1.IPayloads | null | undefined;

const lastHeartbeatOf = (failure: Failure | null | undefined): Carrier =>
  failure?.timeoutFailureInfo?.lastHeartbeatDetails ??
  failure?.cause?.timeoutFailureInfo?.lastHeartbeatDetails;

/** What waited for the workflow when it was reset. */
interface Foreign {
  readonly signals: number;
  readonly outcomes: number;
}

/** Where what was there before ends. An activity's own signals may have come between, and must not be passed. */
const lastOf = ({ signals, outcomes }: Foreign, now: number): number =>
  signals === now ? now + outcomes : signals;

type Settled = Pick<LinkHistory, 'log' | 'safe'>;

/** A page of the lines whose offsets are final. */
export function inOrder({ log, safe }: Settled, request: LogPageRequest): WireLogPage {
  const { entries, next, more, skipped } = log.page(request);
  const tooMany = Math.min(entries.length, Math.max(0, next - safe));
  return {
    entries: entries.slice(0, entries.length - tooMany),
    next: next - tooMany,
    more: more && next < safe,
    skipped,
  };
}

/** The lines after those, which the workflow of an open link has not yet taken in. */
export const unordered = ({ log, safe }: Settled): readonly LogEntry[] =>
  log.page({ after: safe, limitBytes: Infinity }).entries;

function nextLinkOf(end: HistoryEvent): string | undefined {
  const { newExecutionRunId } =
    end.workflowExecutionContinuedAsNewEventAttributes ??
    end.workflowExecutionCompletedEventAttributes ??
    end.workflowExecutionFailedEventAttributes ??
    end.workflowExecutionTimedOutEventAttributes ??
    {};
  return newExecutionRunId || undefined;
}
