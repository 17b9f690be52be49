import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { isStop } from '../activities/activity-abort.ts';
import { attempts } from '../activities/current-attempt.ts';
import type { LogEnvelope } from '../contract/wire/run-log.ts';
import type { Progress } from '../contract/task-run.ts';
import { RecordedAttempt } from './recorded-attempt.ts';
import type { ActivityCheckpoint, ActivityLine } from './recorded-attempt.ts';

export type { ActivityCheckpoint, ActivityLine };

export interface RunActivityOptions {
  /**
   * The checkpoint at which an abort is asked, and which then throws: its number (1 is the first), or what answers
   * true for it. 0 asks before the activity begins.
   */
  readonly abortAt?: number | ((checkpoint: ActivityCheckpoint) => boolean);
  /** Asks for an abort when it fires: for activities that wait with `abortSignal` instead of a checkpoint. */
  readonly signal?: AbortSignal;
  /** What `lastCheckpoint` answers: the state of an attempt before this one. */
  readonly resumeFrom?: unknown;
}

interface Recorded {
  readonly lines: readonly ActivityLine[];
  /** Every report, in order. */
  readonly progress: readonly Progress[];
  /** Every checkpoint that was reached, the aborted one too. */
  readonly checkpoints: readonly ActivityCheckpoint[];
}

/** How an activity ended, and what it told on the way. */
export type ActivityRun<Output> = Recorded &
  (
    | { readonly aborted: false; readonly output: Output; readonly error: undefined }
    | { readonly aborted: false; readonly output: undefined; readonly error: unknown }
    | { readonly aborted: true; readonly output: undefined; readonly error: undefined }
  );

/**
 * Runs one attempt of an activity without a server, and resolves when it has ended in any way. An activity that was
 * asked to abort and returns all the same has an output.
 */
export async function runActivity<Args extends unknown[], Output>(
  activity: (...args: Args) => Promise<Output>,
  args: NoInfer<Args>,
  { abortAt, signal, resumeFrom }: RunActivityOptions = {},
): Promise<ActivityRun<Output>> {
  // Here, because it loads Temporal's native part, which tests of other things do not need.
  const { MockActivityEnvironment } = await import('@temporalio/testing');
  const { DefaultLogger } = await import('@temporalio/worker');
  const state: { attempt?: RecordedAttempt } = {};
  const record: ActivityInterceptorsFactory = (context) => ({
    inbound: {
      execute(input, next) {
        state.attempt = new RecordedAttempt(context, (checkpoint) => {
          if (typeof abortAt === 'function' ? abortAt(checkpoint) : checkpoint.number === abortAt)
            environment.cancel();
        });
        return attempts.run(state.attempt, () => next(input));
      },
    },
  });
  const environment = new MockActivityEnvironment(
    {
      activityType: activity.name || 'activity',
      attempt: resumeFrom === undefined ? 1 : 2,
      heartbeatDetails: resumeFrom === undefined ? undefined : left(resumeFrom),
    },
    { interceptors: [record], logger: new DefaultLogger('ERROR') },
  );
  const cancel = (): void => environment.cancel();
  if (abortAt === 0 || signal?.aborted) cancel();
  signal?.addEventListener('abort', cancel);
  try {
    const output = await environment.run<Args, Output, typeof activity>(activity, ...args);
    return { ...recorded(state.attempt), aborted: false, output, error: undefined };
  } catch (error) {
    const told = recorded(state.attempt);
    return environment.context.cancellationSignal.aborted && isStop(error)
      ? { ...told, aborted: true, output: undefined, error: undefined }
      : { ...told, aborted: false, output: undefined, error };
  } finally {
    signal?.removeEventListener('abort', cancel);
    await state.attempt?.abandon();
  }
}

const recorded = (attempt: RecordedAttempt | undefined): Recorded => ({
  lines: attempt?.lines ?? [],
  progress: attempt?.reports ?? [],
  checkpoints: attempt?.checkpoints ?? [],
});

/** What an attempt leaves to the next one. */
const left = (state: unknown): LogEnvelope => ({ v: 1, segs: [], src: '1/1/1', state });
