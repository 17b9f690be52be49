import { checkCatalogue } from '../contract/rules/catalogue.ts';
import type { LogLevel, RunEvent } from '../contract/wire/run-log.ts';
import type { TaskModule } from '../contract/task-definition.ts';
import type {
  CleanUp,
  Diagnosis,
  Progress,
  Step,
  TaskRunError,
  Worker,
} from '../contract/task-run.ts';
import type { Tasks } from '../contract/tasks.ts';
import { FakeStore } from './fake-store.ts';
import type { FakeRun } from './fake-run.ts';
import { InMemoryTasks } from './in-memory-tasks.ts';

export interface FakeTasksOptions<T extends TaskModule> {
  readonly tasks: T;
}

export interface FakeLogLine {
  readonly message: string;
  readonly level?: LogLevel;
  readonly data?: unknown;
  /** The activity that says it; `work` by default. */
  readonly step?: string;
  readonly attempt?: number;
  /** Makes it one of those that Waymark writes itself. */
  readonly event?: RunEvent;
  /** Makes it a marker that stands for so many lines. */
  readonly dropped?: number;
}

/**
 * `Tasks` in memory, for tests of code that triggers, lists and follows runs. It checks and answers as
 * `TaskService` does but runs no task: a test moves its runs by the methods below.
 */
export class FakeTasks<T extends TaskModule = TaskModule> extends InMemoryTasks<T> {
  constructor({ tasks }: FakeTasksOptions<T>) {
    checkCatalogue(tasks);
    super(new FakeStore(), tasks);
  }

  /** How often each method of `Tasks` was called, by whatever caller. */
  get calls(): Readonly<Partial<Record<keyof Tasks, number>>> {
    return this.store.calls;
  }

  /** The time in here: the system's, and what `advance` added. */
  get now(): Date {
    return new Date(this.store.now());
  }

  /** Lets time pass, for delays. Starts no run. */
  advance(milliseconds: number): void {
    this.store.advance(milliseconds);
  }

  /** Makes every call fail with this error, until `mend`. */
  break(error: Error): void {
    this.store.fault = error;
  }

  mend(): void {
    this.store.fault = null;
  }

  /** Who serves the task queue: one worker at first. With none online, open runs say `NO_WORKER`. */
  setWorkers(workers: readonly Worker[]): void {
    this.store.workers = workers;
  }

  /** A worker takes the run. */
  start(id: string): void {
    this.#move(id, (run, at) => {
      run.startedAt ??= at;
      if (run.abort && !run.abort.graceEndsAt)
        run.abort = { ...run.abort, graceEndsAt: new Date(at.getTime() + run.facts.grace * 1000) };
    });
  }

  log(id: string, line: FakeLogLine): void {
    this.#move(id, (run, time) => run.log({ ...LINE, ...line, time }));
  }

  progress(id: string, { done, total = null, message = null }: Partial<Progress>): void {
    this.#move(id, (run) => {
      run.progress = { done: done ?? run.progress?.done ?? 0, total, message };
    });
  }

  /** Shows an activity of the run, or changes the one of this name. */
  step(id: string, { name, ...changes }: Partial<Step> & Pick<Step, 'name'>): void {
    this.#move(id, (run, at) => {
      const known = run.steps.get(name) ?? {
        ...STEP,
        id: `${id}/${run.iteration}/${name}`,
        since: at,
      };
      const step = { ...known, ...changes, name };
      run.steps.set(name, step);
      run.attempts.note(step, run.iteration, at);
      run.calls.begin(name);
    });
  }

  /** The activity has ended. */
  endStep(id: string, name: string): void {
    this.#move(id, (run, at) => {
      run.steps.delete(name);
      run.attempts.end(name, { outcome: 'SUCCEEDED', at });
      run.calls.end(name);
    });
  }

  /** An activity has recorded this state, which a run that goes on from this one begins with. */
  keep(id: string, name: string, state: unknown): void {
    this.#move(id, (run) => run.calls.keep(name, state));
  }

  /** The run goes on in the next link of its chain. */
  iterate(id: string): void {
    this.#move(id, (run, at) => run.iterate(at));
  }

  /** Sets what `diagnose` says of the run while it is open; null leaves it to the rules again. */
  explain(id: string, diagnosis: Diagnosis | null): void {
    this.#move(id, (run) => (run.diagnosis = diagnosis));
  }

  /** The run ends well. One that was asked to stop did so too late. */
  succeed(id: string, output?: unknown): void {
    this.#move(id, (run, at) => run.succeed(output, at));
  }

  fail(id: string, error: Error | Partial<TaskRunError>): void {
    const told = error instanceof Error ? { code: error.name, message: error.message } : error;
    const failure = { code: 'Error', message: 'It failed', step: null, attempt: null, ...told };
    this.#move(id, (run, at) => run.fail(failure, at));
  }

  /** The run stops because an abort was asked; by default at a checkpoint, or before its body if it was not started. */
  stop(
    id: string,
    {
      mode,
      cleanUp = null,
    }: {
      readonly mode?: 'GRACEFUL' | 'FORCED' | 'BEFORE_START';
      readonly cleanUp?: CleanUp | null;
    } = {},
  ): void {
    this.#move(id, (run, at) => {
      if (!run.abort) throw new Error(`Nobody has asked ${id} to stop: abort it first.`);
      run.stop(mode ?? (run.startedAt ? 'GRACEFUL' : 'BEFORE_START'), cleanUp, at);
    });
  }

  #move(id: string, change: (run: FakeRun, at: Date) => void): void {
    const run = this.store.find(id);
    if (run.closed) throw new Error(`${id} is ${run.status}: nothing happens to it any more.`);
    change(run, this.store.tick());
    this.store.changed(run);
  }
}

const LINE = {
  level: 'INFO',
  event: null,
  data: null,
  step: 'work',
  attempt: 1,
  dropped: 0,
} as const;

const STEP: Step = {
  id: '',
  name: '',
  attempt: 1,
  maxAttempts: 10,
  state: 'RUNNING',
  since: null,
  lastHeartbeat: null,
  lastFailure: null,
  nextAttemptAt: null,
  progress: null,
};
