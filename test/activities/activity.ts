// Runs an activity as a Waymark worker would, without one.
import { defaultPayloadConverter } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { activityInterceptors } from '../../src/activities/activity-interceptors.ts';
import { LOG_HEADER } from '../../src/contract/wire/messages.ts';
import type { LogHeader, LoggedResult } from '../../src/contract/wire/messages.ts';
import type { LogEnvelope } from '../../src/contract/wire/run-log.ts';

export interface ActivityTest {
  readonly environment: MockActivityEnvironment;
  /** Envelopes of the signals that were sent. */
  readonly signals: LogEnvelope[];
  readonly beats: LogEnvelope[];
  readonly run: <A extends readonly unknown[], R>(
    activity: (...args: A) => Promise<R>,
    ...args: A
  ) => Promise<LoggedResult & { readonly result?: R }>;
}

export interface ActivityTestOptions {
  /** Without one the caller is no workflow of ours. */
  readonly header?: Partial<LogHeader> | null;
  readonly heartbeatDetails?: unknown;
  readonly attempt?: number;
  /** Of its run, newest first; without it Temporal cannot be asked. */
  readonly history?: readonly object[];
  /** What Temporal answers to a signal. */
  readonly onSignal?: (envelope: LogEnvelope) => Promise<void> | void;
}

export function activityTest({
  header = {},
  heartbeatDetails,
  attempt = 1,
  history,
  onSignal,
}: ActivityTestOptions = {}): ActivityTest {
  const signals: LogEnvelope[] = [];
  const beats: LogEnvelope[] = [];
  const client = {
    withAbortSignal: <R>(_: AbortSignal, work: () => Promise<R>) => work(),
    withDeadline: <R>(_: number, work: () => Promise<R>) => work(),
    ...(history && {
      workflowService: {
        getWorkflowExecutionHistoryReverse: async () => ({
          history: { events: history },
          nextPageToken: new Uint8Array(),
        }),
      },
    }),
    workflow: {
      getHandle: () => ({
        signal: async (_: string, envelope: LogEnvelope) => {
          await onSignal?.(envelope);
          signals.push(envelope);
        },
      }),
    },
  } as unknown as Client;
  const value: LogHeader = {
    v: 1,
    iteration: 1,
    budget: 4 * 1024 * 1024,
    parallel: 1,
    ...header,
  };
  const environment = new MockActivityEnvironment(
    { heartbeatDetails, attempt, activityId: '7', activityType: 'tested' },
    {
      client,
      interceptors: [
        () => ({
          inbound: {
            execute: (input, next) =>
              next(
                header === null
                  ? input
                  : {
                      ...input,
                      headers: { [LOG_HEADER]: defaultPayloadConverter.toPayload(value) },
                    },
              ),
          },
        }),
        activityInterceptors,
      ],
    },
  );
  environment.on('heartbeat', (details: LogEnvelope) => beats.push(details));
  return {
    environment,
    signals,
    beats,
    run: (activity, ...args) =>
      environment.run(activity as unknown as (...args: unknown[]) => Promise<never>, ...args),
  };
}

/** `source#n message` of each line. */
export const linesOf = (...envelopes: readonly (LogEnvelope | undefined)[]): readonly string[] =>
  envelopes.flatMap((envelope) =>
    (envelope?.segs ?? []).flatMap(({ src, lines }) =>
      lines.map(({ n, m, dropped }) => `${src}#${n} ${dropped ? `dropped ${dropped}` : m}`),
    ),
  );
