import { isClosed, TaskRunStatus } from '../../contract/task-run.ts';
import type { Outcome, TaskRun } from '../../contract/task-run.ts';
import { atMost } from '../../tools/at-most.ts';
import { Kept } from '../../tools/kept.ts';
import type { DescribeRun } from './describe-run.ts';
import { findInput } from './find-input.ts';
import { inTime } from '../temporal/in-time.ts';
import { readOutcome } from './outcome.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { executionOf } from './to-task-run.ts';
import type { Execution } from './to-task-run.ts';

export interface RunEndsOptions {
  readonly temporal: Temporal;
  readonly describe: DescribeRun;
}

/** What is in the first and the last events of runs: input, output, error and abort. What cannot change any more is kept. */
export class InputsAndOutcomes {
  readonly #temporal: Temporal;
  readonly #describe: RunEndsOptions['describe'];
  readonly #limited = atMost(10);
  readonly #inputs = new Kept<Sized<unknown>>(KEPT);
  readonly #outcomes = new Kept<Sized<Outcome>>(KEPT);

  constructor({ temporal, describe }: RunEndsOptions) {
    this.#temporal = temporal;
    this.#describe = describe;
  }

  // Each may take several calls and wait for its turn: together they have the time of one.
  input(run: TaskRun): Promise<unknown> {
    return inTime(this.#temporal.deadline, () => this.#input(run));
  }

  outcome(run: TaskRun): Promise<Outcome> {
    return inTime(this.#temporal.deadline, () => this.#outcome(run));
  }

  async #input(run: TaskRun): Promise<unknown> {
    const { memo, link } = await this.#executionOf(run);
    if (memo && 'input' in memo) return memo.input;
    const { value } = await this.#inputs.load(link, () =>
      this.#limited(() => findInput(this.#temporal, { id: run.id, link })),
    );
    return value;
  }

  async #outcome(run: TaskRun): Promise<Outcome> {
    const open = !isClosed(run.status);
    if (open && run.status !== TaskRunStatus.Aborting) return NOTHING;
    const execution = await this.#executionOf(run);
    const key = open ? `${execution.link} open` : execution.link;
    const { value } = await this.#outcomes.load(key, () =>
      this.#limited(async () => {
        const { outcome, bytes } = await this.#read(run, execution, open);
        // What may change is not kept.
        return { value: outcome, bytes: open ? Infinity : bytes };
      }),
    );
    return value;
  }

  async #read(run: TaskRun, execution: Execution, open: boolean) {
    const { link, graceEndsAt } = execution;
    const known = 'abortRequested' in run ? run.abortRequested === true : undefined;
    const ended = await readOutcome(this.#temporal, {
      id: run.id,
      link,
      open,
      graceEndsAt,
      abortRequested: run.status === TaskRunStatus.Aborting ? true : known,
      wasAborted: async () => (await this.#describe(run.id, link)).run.abortRequested,
    });
    const { outcome } = ended;
    if (outcome.progress || !wasCutShort(outcome)) return ended;
    // What a run's activities reported last is not in the history of one that was ended from outside.
    const { lastProgress: progress } =
      execution.first === null ? (await this.#describe(run.id, link)).execution : execution;
    return { ...ended, outcome: { ...outcome, progress } };
  }

  async #executionOf(run: TaskRun): Promise<Execution> {
    return executionOf(run) ?? (await this.#describe(run.id)).execution;
  }
}

interface Sized<V> {
  readonly value: V;
  readonly bytes: number;
}
const KEPT = { bytes: 16 * 1024 * 1024, sizeOf: ({ bytes }: Sized<unknown>) => bytes };

const NOTHING: Outcome = { output: null, error: null, abort: null, progress: null };

const wasCutShort = ({ abort, error }: Outcome): boolean =>
  abort?.mode === 'TERMINATED' || (error?.code === 'TIMEOUT' && error.step === null);
