import { ApplicationFailure, CompleteAsyncError } from '@temporalio/activity';
import type { Context } from '@temporalio/activity';
import { defaultPayloadConverter } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInterceptorsFactory } from '@temporalio/worker';
import { attemptFailed } from '../contract/wire/attempt-failure.ts';
import { LOG_HEADER, isLogHeader } from '../contract/wire/messages.ts';
import type { LogHeader, LoggedResult } from '../contract/wire/messages.ts';
import { PAYLOAD_LIMIT, fit } from '../contract/wire/payload-limit.ts';
import { toPlainFailure } from '../contract/wire/plain-failure.ts';
import { LOG_LIMITS } from '../contract/wire/run-log.ts';
import type { LogLevel, RunEvent } from '../contract/wire/run-log.ts';
import { isStop } from './activity-abort.ts';
import type { ActivityAbort } from './activity-abort.ts';
import { Attempt } from './attempt.ts';
import { attempts } from './current-attempt.ts';

/** What makes `checkpoint`, `log` and `progress` work; a worker installs it for all of its activities. */
export const activityInterceptors: ActivityInterceptorsFactory = (context) => ({
  inbound: {
    async execute(input, next) {
      const header = toLogHeader(input);
      const { args, resumed } = split(input.args, header);
      const attempt = new Attempt(context, header, resumed);
      try {
        attempt.log('INFO', began(context.info.attempt), undefined, 'ATTEMPT_STARTED');
        const result = await attempts.run(attempt, () => next({ ...input, args }));
        const bytes = sizeOfResult(context, result);
        // Temporal carries bytes as they are, and an envelope would not.
        if (header === undefined || result instanceof Uint8Array) {
          await attempt.settle();
          return result;
        }
        const room = Math.max(LOG_LIMITS.tail, Math.min(LOG_LIMITS.batch, PAYLOAD_LIMIT - bytes));
        return { result, log: await attempt.end(room) } satisfies LoggedResult;
      } catch (error) {
        const abort = isStop(error) ? await attempt.abort() : undefined;
        if (error instanceof CompleteAsyncError || isGivenUp(context)) await attempt.abandon();
        else {
          if (abort) logStop(attempt, abort);
          else logFailure(attempt, error);
          await attempt.settle();
        }
        throw abort && isHeldUp(context) ? abort : toCarried(error);
      }
    },
  },
});

const began = (attempt: number): string =>
  attempt === 1 ? 'Started' : `Attempt ${attempt} started`;

/** An error that Temporal cannot carry would end the worker, or never be told. */
function toCarried(thrown: unknown): unknown {
  const plain = thrown instanceof Error ? toPlainFailure(thrown) : undefined;
  return plain ? ApplicationFailure.create(plain) : thrown;
}

function logStop(attempt: Attempt, { by, reason, message }: ActivityAbort): void {
  const { cancellationDetails: details, info } = attempt.context;
  const say = (event: RunEvent, text: string, level: LogLevel = 'INFO'): void =>
    attempt.log(level, text, undefined, event);
  if (details?.workerShutdown)
    return say(
      'ATTEMPT_INTERRUPTED',
      `Attempt ${info.attempt} was interrupted: its worker shuts down`,
      'WARN',
    );
  if (details?.paused) return say('ATTEMPT_PAUSED', 'Paused');
  if (details?.reset) return say('ATTEMPT_RESET', 'Reset');
  say('ATTEMPT_STOPPED', by === null && reason === null ? 'Stopped' : `Stopped: ${message}`);
}

function logFailure(attempt: Attempt, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const number = attempt.context.info.attempt;
  attempt.log('ERROR', attemptFailed(number, message), toType(error), 'ATTEMPT_FAILED');
}

function toType(error: unknown): { readonly type: string } | undefined {
  if (!(error instanceof Error)) return undefined;
  const type = error instanceof ApplicationFailure ? error.type : error.name;
  return type === undefined || type === null || type === 'Error' ? undefined : { type };
}

/**
 * An operator holds this activity up, and its run goes on: an `AbortError`, which the SDK takes for an answer to an
 * abort, would be refused by Temporal, and the attempt hang until its heartbeat times out.
 */
const isHeldUp = ({ cancellationDetails }: Context): boolean =>
  cancellationDetails?.paused === true || cancellationDetails?.reset === true;

/** Temporal hears nothing of this attempt any more: its run is closed, or it came too late. */
const isGivenUp = ({ cancellationDetails }: Context): boolean =>
  cancellationDetails?.notFound === true || cancellationDetails?.timedOut === true;

function sizeOfResult({ info }: Context, result: unknown): number {
  const { unfit, bytes } = fit(`The result of the activity ${info.activityType}`, result, {
    code: 'INVALID_OUTPUT',
    instead: 'store it elsewhere and answer where it is',
  });
  if (unfit) throw ApplicationFailure.nonRetryable(unfit.message, unfit.code);
  return bytes;
}

/** What the activity is called with, and the state of an earlier run that rides behind it. */
const split = (args: unknown[], header: LogHeader | undefined) =>
  header?.resumed
    ? { args: args.slice(0, -1), resumed: args.at(-1) }
    : { args, resumed: undefined };

function toLogHeader({ headers }: ActivityExecuteInput): LogHeader | undefined {
  const payload = headers[LOG_HEADER];
  if (!payload) return undefined;
  const header = defaultPayloadConverter.fromPayload(payload);
  return isLogHeader(header) ? header : undefined;
}
