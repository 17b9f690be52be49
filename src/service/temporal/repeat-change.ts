import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowService } from '@temporalio/client';
import { TaskError, TaskErrorCode } from '../../contract/task-error.ts';
import type { Temporal } from './temporal.ts';
import { isBusy, isNeverSent, isUnanswered } from './grpc.ts';
import { toTaskError } from './to-task-error.ts';

export interface Insisting {
  /** The run that is changed. */
  readonly id: string;
  /** What to say when nobody knows whether it happened. */
  readonly unknown: () => TaskError;
}

/**
 * Makes a change that does no more when it is made again. One that is not answered may have happened all the same,
 * so it is made again within the deadline; then it is told that nobody knows. `change` learns whether an earlier
 * attempt may have done it.
 */
export async function repeatChange<R>(
  temporal: Temporal,
  change: (service: WorkflowService, again: boolean) => Promise<R>,
  { id, unknown }: Insisting,
): Promise<R> {
  const { deadline } = temporal;
  const ends = Date.now() + deadline;
  let mayBeDone = false;
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LAST_PAUSE)) {
    const left = Math.min(ends - Date.now(), deadline * ATTEMPT);
    try {
      return await temporal.askRaw((service) => change(service, mayBeDone), {
        deadline: left,
        retries: false,
      });
    } catch (error) {
      const unanswered = isUnanswered(error) || isTimeout(error);
      if (!unanswered && !isBusy(error)) throw toTaskError(error, id);
      mayBeDone ||= unanswered && !isNeverSent(error);
      // A server that refuses is down or busy: waiting longer would only hide it.
      const hopeless = !mayBeDone && pause > PATIENCE;
      if (hopeless || Date.now() + pause >= ends)
        throw mayBeDone ? withCause(unknown(), error) : toTaskError(error, id);
    }
    await sleep(pause);
  }
}

const FIRST_PAUSE = 100;
const LAST_PAUSE = 800;
const PATIENCE = 400;
/** Share of the whole deadline that one attempt may take. */
const ATTEMPT = 0.4;

const isTimeout = (error: unknown): boolean =>
  error instanceof TaskError && error.code === TaskErrorCode.Timeout;

const withCause = ({ code, message, details }: TaskError, cause: unknown): TaskError =>
  new TaskError(code, message, { ...details, cause });
