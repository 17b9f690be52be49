// Temporal's index of runs, in memory: its order, its tokens, and of its queries the bounds in time.
import { msToTs } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import { MEMO } from '../../../src/contract/wire/messages.ts';
import type { TaskRun } from '../../../src/contract/task-run.ts';
import { RunLists } from '../../../src/service/list/run-lists.ts';
import { toTaskRun } from '../../../src/service/run/to-task-run.ts';
import { noSuchRun } from '../../../src/contract/task-error.ts';
import type { RunInfo } from '../../../src/service/temporal/proto.ts';
import type { CountedRows, ListedRows } from '../../../src/service/temporal/visibility.ts';

type Payload = temporal.api.common.v1.IPayload;

export interface MemoryRow {
  readonly id: string;
  readonly name?: string;
  readonly definition?: string;
  readonly actor?: string;
  readonly start: number;
  readonly close?: number | null;
}

export class MemoryIndex {
  rows: MemoryRow[] = [];
  readonly rate = 8;
  readonly deadline = 5000;
  /** Descriptions asked for so far. */
  described = 0;
  /** Calls so far, and rows that they answered. */
  lists = 0;
  counts = 0;
  read = 0;

  async list(query: string, size: number, token: Uint8Array | null = null): Promise<ListedRows> {
    this.lists++;
    const skip = token ? Number(Buffer.from(token).toString()) : 0;
    const matches = this.#matching(query);
    const rows = matches.slice(skip, skip + size);
    this.read += rows.length;
    return {
      rows: rows.map(toInfo),
      next: rows.length === size ? Buffer.from(String(skip + size)) : null,
    };
  }

  async count(query: string): Promise<CountedRows> {
    this.counts++;
    return { count: this.#matching(query).length, groups: new Map() };
  }

  #matching(query: string): readonly MemoryRow[] {
    const bound = (field: string): number | undefined => {
      const text = new RegExp(`${field} '([^']+)'`).exec(query)?.[1];
      return text === undefined ? undefined : Date.parse(text);
    };
    const from = bound('StartTime >=') ?? -Infinity;
    const to = bound('StartTime <') ?? Infinity;
    const closedBefore = bound('CloseTime <') ?? Infinity;
    const closed = query.includes('CloseTime IS NOT NULL');
    return this.rows
      .filter(({ start, close = null }) => {
        if (start < from || start >= to) return false;
        return close === null ? !closed : close < closedBefore;
      })
      .toSorted((a, b) => (b.close ?? Infinity) - (a.close ?? Infinity) || b.start - a.start);
  }
}

export const toInfo = ({
  id,
  name,
  actor = 'ann',
  definition = 'sayHello',
  start,
  close = null,
}: MemoryRow): RunInfo => ({
  execution: { workflowId: id, runId: `${id}/1` },
  type: { name: definition },
  status: close === null ? 1 : 2,
  startTime: toTimestamp(start),
  executionTime: toTimestamp(start),
  closeTime: close === null ? null : toTimestamp(close),
  memo: { fields: { [MEMO]: { v: 1, name: name ?? id, actor, iteration: 1 } as Payload } },
});
/** With a part of a millisecond, which stores keep differently. */
const toTimestamp = (ms: number) => {
  const { seconds, nanos } = msToTs(ms);
  return { ...(seconds && { seconds }), nanos: (nanos ?? 0) + 352_000 };
};

const mapping = {
  definitions: new Map([['sayHello', { title: 'Say hello' }]]),
  decode: async (payloads: readonly Payload[] | null | undefined) => payloads ?? [],
};

/** As the service has it of a run that it has just started. */
export const toRun = (row: MemoryRow): Promise<TaskRun> => toTaskRun(toInfo(row), mapping);

/** Lists over this index; `described` answers what Temporal knows of a run. */
export const listsOver = (
  index: MemoryIndex,
  described: (id: string) => MemoryRow | undefined = () => undefined,
): RunLists =>
  new RunLists({
    visibility: index,
    definitions: mapping.definitions,
    temporal: { namespace: 'default', decode: mapping.decode },
    describe: async (id) => {
      index.described++;
      const row = described(id);
      if (!row) throw noSuchRun(id);
      return { run: await toRun(row) };
    },
  });
