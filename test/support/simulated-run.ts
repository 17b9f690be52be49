// A run as Temporal would tell of it, moved on by hand: links, activities that write, heartbeats, signals, results.
import { Client, Connection } from '@temporalio/client';
import type { ConnectionLike } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import { LOG_SIGNAL } from '../../src/contract/wire/messages.ts';
import { RunLog } from '../../src/contract/wire/run-log.ts';
import type { LogPageRequest, Segment, WireLine } from '../../src/contract/wire/run-log.ts';
import { LiveRuns } from '../../src/service/live/live-runs.ts';
import { Temporal } from '../../src/service/temporal/temporal.ts';
import { GrpcCode } from '../../src/tools/grpc-code.ts';
import { describeAny } from '../service/describe-any.ts';
import { grpcError } from './grpc-error.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

interface Asked {
  readonly execution: { readonly runId?: string };
}

/** An attempt at work. */
interface Activity {
  readonly key: number;
  readonly attempt: number;
  readonly src: string;
  readonly written: number;
  /** What its heartbeat holds: its own lines, and those that an attempt before it left. */
  readonly held: readonly Segment[];
}

interface Link {
  readonly id: string;
  readonly iteration: number;
  readonly events: HistoryEvent[];
  readonly log: RunLog;
  /** What the workflow has not taken in yet. */
  signals: unknown[];
  results: unknown[];
  closed: boolean;
  abortAsked: boolean;
}

export class SimulatedRun {
  readonly id = 'run';
  /** Whether a worker answers queries. */
  worker = true;
  readonly live: LiveRuns;
  readonly #links: Link[] = [];
  readonly #activities = new Map<number, Activity>();
  #clock = 1_764_000_000_000;
  #started = 0;

  constructor() {
    this.#begin(undefined);
    this.live = this.#watch();
  }

  get over(): boolean {
    return this.#newest.closed;
  }

  /** An activity writes a line; one that is not at work begins. */
  write(key: number, level: WireLine['l'] = 'INFO'): void {
    const activity = this.#activities.get(key) ?? this.#start(key);
    const { src, written, held } = activity;
    const line: WireLine = {
      n: written + 1,
      t: this.#tick(),
      l: level,
      m: `${src}#${written + 1}`,
    };
    const last = held.at(-1);
    const lines = last?.src === src ? [...last.lines, line] : [line];
    const before = last?.src === src ? held.slice(0, -1) : held;
    this.#activities.set(key, {
      ...activity,
      written: written + 1,
      held: [...before, { src, step: `step${key % 2}`, lines }],
    });
  }

  /** What an activity holds goes to the workflow by a signal, and leaves the heartbeat. */
  signal(key: number): void {
    const activity = this.#activities.get(key);
    if (!activity || activity.held.length === 0) return;
    const envelope = { v: 1, src: activity.src, segs: activity.held };
    this.#newest.signals.push(envelope);
    this.#record({
      workflowExecutionSignaledEventAttributes: {
        signalName: LOG_SIGNAL,
        input: payloads(envelope),
      },
    });
    this.#activities.set(key, { ...activity, held: [] });
  }

  /** The attempt fails: the next one inherits what its heartbeat holds. */
  retry(key: number): void {
    const activity = this.#activities.get(key);
    if (!activity) return;
    const attempt = activity.attempt + 1;
    const src = activity.src.replace(/\d+$/, `${attempt}`);
    this.#activities.set(key, { ...activity, attempt, src, written: 0 });
  }

  complete(key: number): void {
    const activity = this.#activities.get(key);
    if (!activity) return;
    const log = { v: 1, src: activity.src, segs: activity.held };
    this.#newest.results.push(log);
    this.#record({
      activityTaskCompletedEventAttributes: { result: payloads({ result: 1, log }) },
    });
    this.#activities.delete(key);
  }

  /** The workflow takes in what came since. */
  settle(): void {
    const link = this.#newest;
    this.#record({ workflowTaskCompletedEventAttributes: {} });
    for (const envelope of [...link.signals, ...link.results]) link.log.apply(envelope);
    link.signals = [];
    link.results = [];
  }

  abort(): void {
    if (this.#newest.abortAsked) return;
    this.#newest.abortAsked = true;
    this.#record({ workflowExecutionCancelRequestedEventAttributes: { cause: 'ada: enough' } });
  }

  /** All that is at work ends, and the run goes on in another link. */
  goOn(): void {
    this.#endWork();
    const link = this.#newest;
    const next = linkId(this.#links.length + 1);
    this.#record({ workflowExecutionContinuedAsNewEventAttributes: { newExecutionRunId: next } });
    link.closed = true;
    this.#begin(link);
  }

  succeed(): void {
    this.#endWork();
    this.#record({ workflowExecutionCompletedEventAttributes: {} });
    this.#newest.closed = true;
  }

  #endWork(): void {
    for (const key of this.#activities.keys()) this.complete(key);
    this.settle();
  }

  get #newest(): Link {
    const link = this.#links.at(-1);
    if (!link) throw new Error('A run has a link.');
    return link;
  }

  #begin(before: Link | undefined): void {
    const iteration = this.#links.length + 1;
    const carried = before?.log.carry();
    const handed = carried && { v: 1, iteration, log: carried };
    this.#links.push({
      id: linkId(iteration),
      iteration,
      events: [],
      log: new RunLog(carried),
      signals: [],
      results: [],
      closed: false,
      abortAsked: before?.abortAsked ?? false,
    });
    this.#record({
      workflowExecutionStartedEventAttributes: {
        input: payloads({}, ...(handed ? [handed] : [])),
        continuedExecutionRunId: before?.id ?? '',
      },
    });
    this.#record({ workflowTaskCompletedEventAttributes: {} });
  }

  #start(key: number): Activity {
    const { iteration } = this.#newest;
    const src = `${iteration}/${++this.#started}/1`;
    return { key, attempt: 1, src, written: 0, held: [] };
  }

  #record(event: HistoryEvent): void {
    const time = msNumberToTs(this.#tick());
    this.#newest.events.push({ eventId: null, eventTime: time, ...event });
  }

  #tick(): number {
    return (this.#clock += 1);
  }

  #find({ execution: { runId } }: Asked): Link {
    const link = this.#links.find(({ id }) => id === (runId || this.#newest.id));
    if (link) return link;
    throw grpcError(GrpcCode.NotFound, 'not found', 'NotFoundFailure');
  }

  #watch(): LiveRuns {
    const at = msNumberToTs(1_764_000_000_000);
    const service = {
      describeWorkflowExecution: async (asked: Asked) => {
        const { id, closed, events, abortAsked } = this.#find(asked);
        const isNewest = id === this.#newest.id;
        return {
          workflowExecutionInfo: {
            execution: { workflowId: this.id, runId: id },
            firstRunId: linkId(1),
            status: closed ? (isNewest ? 2 : 6) : 1,
            startTime: at,
            executionTime: at,
            ...(closed && { closeTime: at }),
            historyLength: events.length,
          },
          workflowExtendedInfo: { cancelRequested: abortAsked },
          pendingActivities: closed
            ? []
            : [...this.#activities.values()].map(({ src, key, held }) => ({
                activityId: `${key}`,
                activityType: { name: 'work' },
                heartbeatDetails: payloads({ v: 1, src, segs: held }),
              })),
        };
      },
      getWorkflowExecutionHistory: async (asked: Asked) => ({
        history: { events: [...this.#find(asked).events] },
        nextPageToken: new Uint8Array(),
      }),
      getWorkflowExecutionHistoryReverse: async (asked: Asked) => ({
        history: { events: this.#find(asked).events.toReversed() },
        nextPageToken: new Uint8Array(),
      }),
      queryWorkflow: async ({
        query,
        ...asked
      }: Asked & { query: { queryArgs: Parameters<typeof firstOf>[0] } }) => {
        if (!this.worker) throw grpcError(GrpcCode.DeadlineExceeded, 'no poller');
        const request = firstOf(query.queryArgs) as LogPageRequest;
        return { queryResult: payloads(this.#find(asked).log.page(request)) };
      },
    };
    const connection = {
      workflowService: service,
      withDeadline: (_: unknown, act: () => unknown) => act(),
    } as unknown as ConnectionLike;
    const client = new Client({ connection: Connection.lazy() });
    const temporal = new Temporal({ client, connection });
    return new LiveRuns({ temporal, describe: describeAny(temporal) });
  }
}

const linkId = (place: number): string => `00000000-0000-7000-8000-${`${place}`.padStart(12, '0')}`;

const payloads = (...values: readonly unknown[]) => ({
  payloads: values.map((value) => defaultPayloadConverter.toPayload(value)),
});

function firstOf({ payloads: all }: temporal.api.common.v1.IPayloads): unknown {
  const [payload] = all ?? [];
  return payload && defaultPayloadConverter.fromPayload(payload);
}
