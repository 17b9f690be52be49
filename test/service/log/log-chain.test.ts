import { Client, Connection } from '@temporalio/client';
import type { ConnectionLike } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import { expect, test } from 'vitest';
import { RunLog } from '../../../src/contract/wire/run-log.ts';
import { LiveRuns } from '../../../src/service/live/live-runs.ts';
import { describeAny } from '../describe-any.ts';
import { Temporal } from '../../../src/service/temporal/temporal.ts';
import { GrpcCode } from '../../../src/tools/grpc-code.ts';
import { grpcError } from '../../support/grpc-error.ts';
import { expectNoGapNorRepeat, messagesOf, readToEnd } from '../../support/run-log.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
interface Asked {
  readonly execution: { readonly runId?: string };
}

const linkAt = (place: number): string => `00000000-0000-7000-8000-${`${place}`.padStart(12, '0')}`;
const payloadsOf = (...values: readonly unknown[]) => ({
  payloads: values.map((value) => defaultPayloadConverter.toPayload(value)),
});
const at = msNumberToTs(1_764_000_000_000);

/** Links of one run, each with `lines` lines: what Temporal would tell of them. */
class Chain {
  readonly links: readonly string[];
  readonly gone = new Set<string>();
  readonly asked: string[] = [];
  readonly #events = new Map<string, HistoryEvent[]>();

  constructor(links: number, lines: number) {
    this.links = Array.from({ length: links }, (_, at) => linkAt(at + 1));
    const log = new RunLog();
    for (const [index, link] of this.links.entries()) {
      const src = `${index + 1}/1/1`;
      const carried = index > 0 && { v: 1, iteration: index + 1, log: log.carry() };
      const envelope = {
        v: 1 as const,
        src,
        segs: [
          {
            src,
            step: 'work',
            lines: Array.from({ length: lines }, (_, at) => ({
              n: at + 1,
              t: 0,
              l: 'INFO' as const,
              m: `line ${at + 1} of ${link}`,
            })),
          },
        ],
      };
      log.apply(envelope);
      const next = this.links[index + 1];
      this.#events.set(link, [
        {
          workflowExecutionStartedEventAttributes: {
            input: payloadsOf({}, ...(carried ? [carried] : [])),
            continuedExecutionRunId: this.links[index - 1] ?? '',
          },
        },
        {
          activityTaskCompletedEventAttributes: {
            result: payloadsOf({ result: 1, log: envelope }),
          },
        },
        { workflowTaskCompletedEventAttributes: {} },
        next === undefined
          ? { eventTime: at, workflowExecutionCompletedEventAttributes: {} }
          : {
              eventTime: at,
              workflowExecutionContinuedAsNewEventAttributes: { newExecutionRunId: next },
            },
      ]);
    }
  }

  get live(): LiveRuns {
    const service = {
      describeWorkflowExecution: async ({ execution }: Asked) => {
        const runId = this.#find(execution, 'describe');
        return {
          workflowExecutionInfo: {
            execution: { workflowId: 'run', runId },
            firstRunId: this.links[0],
            status: runId === this.links.at(-1) ? 2 : 6,
            startTime: at,
            closeTime: at,
            historyLength: 4,
          },
        };
      },
      getWorkflowExecutionHistory: async ({ execution }: Asked) => ({
        history: { events: this.#events.get(this.#find(execution, 'history')) },
        nextPageToken: new Uint8Array(),
      }),
    };
    const connection = {
      workflowService: service,
      withDeadline: (_: unknown, act: () => unknown) => act(),
    } as unknown as ConnectionLike;
    const client = new Client({ connection: Connection.lazy() });
    const temporal = new Temporal({ client, connection });
    return new LiveRuns({ temporal, describe: describeAny(temporal) });
  }

  #find({ runId }: Asked['execution'], question: string): string {
    const link = runId || this.links.at(-1) || '';
    this.asked.push(`${question} ${link}`);
    if (!this.gone.has(link)) return link;
    throw grpcError(GrpcCode.NotFound, 'not found', 'NotFoundFailure');
  }
}

const linesOf = async (chain: Chain, after?: string): Promise<readonly string[]> =>
  messagesOf((await readToEnd(chain.live, 'run', { after })).lines);

test('a chain is read from its first link, each link once', async () => {
  const chain = new Chain(3, 2);
  const { lines, end } = await readToEnd(chain.live, 'run');
  expectNoGapNorRepeat(lines);
  expect(messagesOf(lines)).toEqual([
    'Triggered',
    ...chain.links.flatMap((link) => [`line 1 of ${link}`, `line 2 of ${link}`]),
    'Done',
  ]);
  expect(end).toMatchObject({ status: 'SUCCEEDED', dropped: 0 });
  expect(chain.asked.filter((question) => question === `history ${linkAt(1)}`)).toHaveLength(1);
});

test('lines of links that Temporal no longer holds come from what a later link carries', async () => {
  const chain = new Chain(4, 2);
  const all = await linesOf(chain);
  chain.gone.add(linkAt(1)).add(linkAt(2));
  expect(await linesOf(chain)).toEqual(all);
});

test('a cursor in a link that is gone goes on in the first one that is held', async () => {
  const chain = new Chain(4, 2);
  const { lines, cursors } = await readToEnd(chain.live, 'run');
  chain.gone.add(linkAt(1)).add(linkAt(2));
  for (const [index, cursor] of cursors.entries())
    expect(await linesOf(chain, cursor)).toEqual(messagesOf(lines.slice(index + 1)));
});

test('what is before a cursor in a link that is gone is what a later link carries of it', async () => {
  const chain = new Chain(4, 2);
  const { lines, cursors } = await readToEnd(chain.live, 'run');
  chain.gone.add(linkAt(1)).add(linkAt(2));
  for (const [index, before] of cursors.entries()) {
    const page = await chain.live.logs('run', { before, last: 3 });
    expect(messagesOf(page.lines)).toEqual(messagesOf(lines.slice(0, index + 1).slice(-3)));
  }
});

test('lines that nobody holds any more are counted as dropped', async () => {
  // More than a link carries.
  const chain = new Chain(2, 6000);
  chain.gone.add(linkAt(1));
  const { lines, end } = await readToEnd(chain.live, 'run');
  expect(end.dropped).toBeGreaterThan(0);
  expect(lines.length - 2 + end.dropped).toBe(12_000);
});

test('a run whose newest link is gone is not found', async () => {
  const chain = new Chain(2, 1);
  const { cursors } = await readToEnd(chain.live, 'run');
  for (const link of chain.links) chain.gone.add(link);
  await expect(linesOf(chain, cursors[0])).rejects.toMatchObject({ code: 'TASK_RUN_NOT_FOUND' });
});
