import type { Abort, Outcome, TaskRun } from '../../../src/contract/task-run.ts';

/** A run that ended without an output: it failed, or was aborted. */
export class RunError extends Error {
  override readonly name = 'RunError';
  /** Of the failure, such as `INVALID_INPUT`, `TIMEOUT` or the thrown error's class; `ABORTED` for an aborted run. */
  readonly code: string;
  readonly run: TaskRun;
  readonly outcome: Outcome;

  constructor(run: TaskRun, outcome: Outcome) {
    const { error, abort } = outcome;
    super(error?.message ?? (abort ? toWords(abort) : `${run.id} is ${run.status}.`));
    this.code = error?.code ?? run.status;
    this.run = run;
    this.outcome = outcome;
  }
}

const toWords = ({ by, reason }: Abort): string =>
  `Aborted${by === null ? '' : ` by ${by}`}${reason === null ? '' : `: ${reason}`}`;
