import {
  abortRequestedLine,
  abortedLine,
  failedLine,
  openingLines,
  succeededLine,
} from '../contract/rules/run-life.ts';
import type { LifeMoment } from '../contract/rules/run-life.ts';
import type { LogLine } from '../contract/wire/run-log.ts';
import { isClosed, TaskRunStatus } from '../contract/task-run.ts';
import type {
  Abort,
  CleanUp,
  Diagnosis,
  Outcome,
  Progress,
  Step,
  TaskRun,
  TaskRunDetails,
  TaskRunError,
} from '../contract/task-run.ts';
import { News } from '../tools/news.ts';
import { FakeAttempts } from './fake-attempts.ts';
import { FakeCalls } from './fake-calls.ts';

/** What never changes in a run. */
export interface FakeRunFacts {
  readonly id: string;
  readonly definition: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly scheduledFor: Date | null;
  readonly tags: readonly string[];
  readonly triggeredBy: string | null;
  readonly parent: string | null;
  readonly rerunOf: string | null;
  readonly resumeOf: string | null;
  readonly reuses: string | null;
  readonly input: unknown;
  /** Seconds, of the definition. */
  readonly grace: number;
}

/** One run in memory. */
export class FakeRun {
  readonly facts: FakeRunFacts;
  readonly news = new News();
  readonly lines: LogLine[];
  readonly steps = new Map<string, Step>();
  readonly attempts = new FakeAttempts();
  /** What it would hand to a run that goes on from it. */
  readonly calls = new FakeCalls();
  /** When each iteration after the first began. */
  readonly iterations: Date[] = [];
  startedAt: Date | null = null;
  finishedAt: Date | null = null;
  iteration = 1;
  progress: Progress | null = null;
  abort: Abort | null = null;
  /** The request that was on its way when it was terminated. */
  cutShort: Abort | null = null;
  diagnosis: Diagnosis | null = null;
  deleted = false;
  #ended: 'SUCCEEDED' | 'FAILED' | 'ABORTED' | null = null;
  #output: unknown = null;
  #error: TaskRunError | null = null;

  constructor(facts: FakeRunFacts) {
    this.facts = facts;
    this.lines = [...openingLines(facts)];
  }

  get status(): TaskRunStatus {
    if (this.#ended) return this.#ended;
    if (this.abort) return TaskRunStatus.Aborting;
    return this.startedAt ? TaskRunStatus.Running : TaskRunStatus.Pending;
  }

  get closed(): boolean {
    return isClosed(this.status);
  }

  get row(): TaskRun {
    const { input: _input, grace: _grace, ...facts } = this.facts;
    return {
      ...facts,
      status: this.status,
      startedAt: this.startedAt,
      finishedAt: this.finishedAt,
      iteration: this.iteration,
    };
  }

  get details(): TaskRunDetails {
    return {
      ...this.row,
      progress: this.closed ? null : this.progress,
      steps: this.closed ? [] : [...this.steps.values()],
      abortRequested: this.abort !== null,
    };
  }

  get outcome(): Outcome {
    return {
      output: this.#output,
      error: this.#error,
      abort: this.abort,
      progress: this.closed ? this.progress : null,
    };
  }

  get dropped(): number {
    return this.lines.reduce((sum, line) => sum + line.dropped, 0);
  }

  /** Records that an abort was asked. */
  ask(abort: Pick<Abort, 'by' | 'reason' | 'graceEndsAt'>, at: Date): void {
    this.abort = { ...abort, at, mode: null, cleanUp: null };
    this.lines.push(abortRequestedLine(abort, this.#moment(at)));
  }

  succeed(output: unknown, at: Date): void {
    if (this.abort) this.#stopAborting('TOO_LATE', null);
    this.#output = output ?? null;
    this.#close('SUCCEEDED', succeededLine(this.#moment(at)));
  }

  fail(error: TaskRunError, at: Date): void {
    if (this.abort) this.#stopAborting('TOO_LATE', null);
    this.#error = error;
    this.#close('FAILED', failedLine(error, this.#moment(at)));
  }

  stop(mode: 'GRACEFUL' | 'FORCED' | 'BEFORE_START', cleanUp: CleanUp | null, at: Date): void {
    this.#stopAborting(mode, cleanUp);
    this.#close('ABORTED', abortedLine(mode, this.#moment(at)));
  }

  /** Ends at once. The line of an earlier request stands, so the end says by whom and why; else the request does. */
  terminate(cause: Pick<Abort, 'by' | 'reason'>, at: Date): void {
    this.cutShort = this.abort;
    const asked = this.abort !== null;
    if (!asked) this.ask({ ...cause, graceEndsAt: null }, at);
    this.abort = { ...cause, at, mode: 'TERMINATED', graceEndsAt: null, cleanUp: null };
    this.#close('ABORTED', abortedLine('TERMINATED', this.#moment(at), asked ? cause : undefined));
  }

  log(line: Omit<LogLine, 'source' | 'n' | 'iteration'>): void {
    const source = `${this.iteration}/${line.step ?? ''}/${line.attempt ?? 1}`;
    const before = this.lines.findLast((one) => one.source === source)?.n ?? 0;
    this.lines.push({
      ...line,
      iteration: this.iteration,
      source,
      // A marker stands for the lines up to its number.
      n: before + Math.max(1, line.dropped),
    });
  }

  iterate(at: Date): void {
    this.iteration++;
    this.iterations.push(at);
  }

  #stopAborting(mode: NonNullable<Abort['mode']>, cleanUp: CleanUp | null): void {
    if (this.abort) this.abort = { ...this.abort, mode, cleanUp, graceEndsAt: null };
  }

  #close(status: 'SUCCEEDED' | 'FAILED' | 'ABORTED', line: LogLine): void {
    this.#ended = status;
    this.finishedAt = line.time;
    this.lines.push(line);
    if (this.#error?.step) {
      const { code, message, step } = this.#error;
      this.attempts.end(step, { outcome: 'FAILED', at: line.time, failure: { code, message } });
    }
    this.attempts.endAll({ outcome: ENDS[status], at: line.time });
  }

  #moment(time: Date): LifeMoment {
    return { time, iteration: this.iteration };
  }
}

/** What became of the attempts that went on when the run ended. */
const ENDS = { SUCCEEDED: 'SUCCEEDED', FAILED: 'ABANDONED', ABORTED: 'STOPPED' } as const;
