import { Client, Connection } from '@temporalio/client';
import type { ConnectionLike } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import { expect, test } from 'vitest';
import { RunLog } from '../../../src/contract/wire/run-log.ts';
import type { LogLine, LogPageRequest } from '../../../src/contract/wire/run-log.ts';
import { LiveRuns } from '../../../src/service/live/live-runs.ts';
import { describeAny } from '../describe-any.ts';
import { Temporal } from '../../../src/service/temporal/temporal.ts';
import { expectNoGapNorRepeat, readToEnd } from '../../support/run-log.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

const payloadsOf = (value: unknown) => ({ payloads: [defaultPayloadConverter.toPayload(value)] });
const at = msNumberToTs(1_764_000_000_000);
const LINES_A_SIGNAL = 500;

/** An open run whose log grows by signals, as Temporal would tell of it. */
class GrowingRun {
  readonly asked: string[] = [];
  readonly #log = new RunLog();
  readonly #events: HistoryEvent[] = [{ workflowExecutionStartedEventAttributes: {} }];
  readonly #ended: Promise<void>;
  #isOpen = true;
  end!: () => void;
  #n = 0;

  constructor() {
    this.#ended = new Promise((resolve) => {
      this.end = () => {
        this.#isOpen = false;
        this.#events.push({ eventTime: at, workflowExecutionCompletedEventAttributes: {} });
        resolve();
      };
    });
  }

  grow(): void {
    const lines = Array.from({ length: LINES_A_SIGNAL }, () => ({
      n: ++this.#n,
      t: 0,
      l: 'INFO' as const,
      m: `${this.#n}`.padEnd(400, '.'),
    }));
    const envelope = { v: 1 as const, src: '1/1/1', segs: [{ src: '1/1/1', step: 'work', lines }] };
    this.#log.apply(envelope);
    this.#events.push(
      {
        workflowExecutionSignaledEventAttributes: {
          signalName: 'waymark.log',
          input: payloadsOf(envelope),
        },
      },
      { workflowTaskCompletedEventAttributes: {} },
    );
  }

  get live(): LiveRuns {
    const service = {
      describeWorkflowExecution: async () => {
        this.asked.push('describe');
        return {
          workflowExecutionInfo: {
            execution: { workflowId: 'run', runId: 'link' },
            firstRunId: 'link',
            status: this.#isOpen ? 1 : 2,
            startTime: at,
            closeTime: this.#isOpen ? null : at,
            historyLength: this.#events.length,
          },
        };
      },
      queryWorkflow: async ({ query }: { query: { queryArgs: ReturnType<typeof payloadsOf> } }) => {
        this.asked.push('query');
        const [request] = query.queryArgs.payloads;
        return {
          queryResult: payloadsOf(
            this.#log.page(request && defaultPayloadConverter.fromPayload<LogPageRequest>(request)),
          ),
        };
      },
      getWorkflowExecutionHistory: async ({ waitNewEvent }: { waitNewEvent?: boolean }) => {
        this.asked.push(waitNewEvent ? 'wait' : 'history');
        if (waitNewEvent) await this.#ended;
        return { history: { events: [...this.#events] }, nextPageToken: new Uint8Array() };
      },
    };
    const connection = {
      workflowService: service,
      withDeadline: (_: unknown, act: () => unknown) => act(),
      withAbortSignal: (_: unknown, act: () => unknown) => act(),
    } as unknown as ConnectionLike;
    const client = new Client({ connection: Connection.lazy() });
    const temporal = new Temporal({ client, connection });
    return new LiveRuns({ temporal, describe: describeAny(temporal) });
  }
}

test('a viewer that fell behind all that is shared reads on from history, and then follows with the others', async () => {
  const run = new GrowingRun();
  const { live } = run;
  run.grow();
  const lines: LogLine[] = [];
  const slow = live.tail('run');
  const take = async (count: number): Promise<void> => {
    for (let taken = 0; taken < count; taken++) {
      const { value } = await slow.next();
      if (value?.type === 'LINE') lines.push(value.line);
    }
  };
  await take(3);

  const fast = live.tail('run');
  let read = 0;
  const readOn = async (until: number): Promise<void> => {
    while (read < until) if (!(await fast.next()).done) read++;
  };
  for (let signals = 1; signals <= 12; signals++) {
    await readOn(signals * LINES_A_SIGNAL);
    run.grow();
  }
  expect(run.asked).not.toContain('history');

  await take(13 * LINES_A_SIGNAL - 3);
  expect(run.asked.filter((question) => question === 'history')).toHaveLength(1);
  run.end();
  for await (const event of slow) if (event.type === 'LINE') lines.push(event.line);
  expectNoGapNorRepeat(lines);
  expect(lines.filter(({ source }) => source !== 'run')).toHaveLength(13 * LINES_A_SIGNAL);
  await fast.return?.();
  live.close();
});

test('however many viewers there are, a look is at most two questions, and never two at once', async () => {
  const run = new GrowingRun();
  const { live } = run;
  const following = Array.from({ length: 20 }, () => readToEnd(live, 'run'));
  for (let signals = 1; signals <= 4; signals++) {
    run.grow();
    const tail = live.tail('run');
    for (let line = 0; line < signals * LINES_A_SIGNAL; line++) await tail.next();
    await tail.return?.();
  }
  run.end();
  for (const { lines } of await Promise.all(following)) expectNoGapNorRepeat(lines);
  const looks = run.asked.filter((question) => question !== 'wait').join(' ');
  expect(looks).not.toMatch(/query query|query history|history query/);
  expect(looks).toMatch(/describe history$/);
  live.close();
});
