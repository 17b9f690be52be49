import type { RunPosition } from '../contract/rules/run-order.ts';
import { checkText } from '../contract/rules/check-trigger.ts';
import type { KeyedRequest } from '../contract/wire/run-fields.ts';
import { noSuchRun } from '../contract/task-error.ts';
import type { Diagnosis, TaskRun, Worker } from '../contract/task-run.ts';
import type { Settings, Tasks } from '../contract/tasks.ts';
import { countCall } from '../metering/count-calls.ts';
import { News } from '../tools/news.ts';
import { FakeCursors } from './fake-cursors.ts';
import type { FakeRun } from './fake-run.ts';

/** What all callers of one `FakeTasks` share. */
export class FakeStore {
  readonly news = new News();
  readonly listCursors = new FakeCursors<RunPosition>();
  readonly logCursors = new FakeCursors<number>();
  readonly calls: Partial<Record<keyof Tasks, number>> = {};
  workers: readonly Worker[] = [WORKER];
  settings: Settings = { retentionDays: 3 };
  fault: Error | null = null;
  readonly #runs = new Map<string, FakeRun>();
  readonly #keys = new Map<string, { readonly run: FakeRun; readonly asked: KeyedRequest }>();
  #ids = 0;
  #ahead = 0;
  #last = 0;

  now(): number {
    return Math.max(this.#last, Date.now() + this.#ahead);
  }

  /** A time of its own for each thing that happens, so that orders are never a matter of luck. */
  tick(): Date {
    this.#last = Math.max(this.#last + 1, Date.now() + this.#ahead);
    return new Date(this.#last);
  }

  advance(milliseconds: number): void {
    this.#ahead += milliseconds;
  }

  /** Counts a call as one to Temporal, and fails it when the fake is told to. */
  called(method: keyof Tasks): void {
    this.count(method);
    countCall();
    if (this.fault) throw this.fault;
  }

  count(method: keyof Tasks): void {
    this.calls[method] = (this.calls[method] ?? 0) + 1;
  }

  nextId(definition: string): string {
    return `${definition}-${++this.#ids}`;
  }

  add(run: FakeRun, key: string | undefined, asked: KeyedRequest): void {
    this.#runs.set(run.facts.id, run);
    if (key !== undefined) this.#keys.set(key, { run, asked });
    this.news.publish();
  }

  keyed(key: string): { readonly run: FakeRun; readonly asked: KeyedRequest } | undefined {
    return this.#keys.get(key);
  }

  find(id: string): FakeRun {
    checkText('id', id, 255);
    const run = this.#runs.get(id);
    if (run) return run;
    throw noSuchRun(id);
  }

  remove(id: string): void {
    const run = this.find(id);
    if (!run.closed) run.terminate({ by: null, reason: null }, this.tick());
    this.#runs.delete(id);
    for (const [key, keyed] of this.#keys) if (keyed.run === run) this.#keys.delete(key);
    this.changed(run);
  }

  changed(run: FakeRun): void {
    run.news.publish();
    this.news.publish();
  }

  rows(): readonly TaskRun[] {
    return Array.from(this.#runs.values(), (run) => run.row);
  }

  diagnose(run: FakeRun): Diagnosis | null {
    if (run.closed) return null;
    if (run.diagnosis) return run.diagnosis;
    const online = this.workers.filter((worker) => worker.online);
    if (online.length === 0)
      return {
        code: 'NO_WORKER',
        message: 'No worker is there to run it.',
        since: null,
        action: 'Start a worker.',
      };
    if (run.abort)
      return {
        code: 'ABORTING',
        message: 'It was asked to stop, and has not stopped yet.',
        since: run.abort.at,
        action: 'Wait for its next checkpoint, or terminate it.',
      };
    const { scheduledFor } = run.facts;
    if (!run.startedAt && scheduledFor && scheduledFor.getTime() > this.now())
      return {
        code: 'DELAYED',
        message: `It is due at ${scheduledFor.toISOString()}.`,
        since: run.facts.createdAt,
        action: 'Wait, or abort it.',
      };
    const steps = [...run.steps.values()];
    const isFull = ({ activitySlots, workflowTaskSlots }: Worker): boolean =>
      (run.startedAt ? activitySlots : workflowTaskSlots)?.free === 0;
    const scheduled = steps.find(({ state }) => state === 'SCHEDULED');
    if ((!run.startedAt || scheduled) && online.every(isFull))
      return {
        code: 'WAITING_FOR_SLOT',
        message: `${scheduled?.name ?? 'The run'} waits for a free slot of a worker.`,
        since: scheduled?.since ?? run.facts.createdAt,
        action: 'Wait until one is free, or add workers.',
      };
    const retrying = steps.find(({ state }) => state === 'BACKING_OFF');
    if (retrying)
      return {
        code: 'RETRYING',
        message: `Attempt ${retrying.attempt} of ${retrying.name} failed: ${retrying.lastFailure ?? 'no reason was given'}.`,
        since: retrying.since,
        action: 'Wait for the next attempt, or abort it.',
      };
    const paused = steps.find(({ state }) => state === 'PAUSED');
    if (paused)
      return {
        code: 'PAUSED',
        message: `${paused.name} is paused.`,
        since: paused.since,
        action: 'Resume it.',
      };
    return null;
  }
}

const WORKER: Worker = {
  id: 'worker-1',
  identity: '1@localhost',
  host: 'localhost',
  pid: '1',
  taskQueue: 'fake',
  online: true,
  status: 'RUNNING',
  startedAt: null,
  lastSeen: null,
  sdkVersion: '0',
  version: null,
  activitySlots: null,
  workflowTaskSlots: null,
};
