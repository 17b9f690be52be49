import type { RunInfo } from '../temporal/proto.ts';
import type { ListedRows } from '../temporal/visibility.ts';

/** A row of the index: what ordering needs, in milliseconds, and the rest unread. */
export interface ListRow {
  readonly id: string;
  /** Of the run's current link. */
  readonly start: number;
  readonly close: number | null;
  readonly info: RunInfo;
}

/** Some rows in order, and whether more follow. */
export interface Chunk {
  readonly rows: readonly ListRow[];
  readonly more: boolean;
  /** Hints that make the next chunk cheap, and this one when it is asked for again. */
  readonly width: number | null;
  readonly since: number | null;
}

export const toListRows = ({ rows }: ListedRows): readonly ListRow[] =>
  rows.map((info) => ({
    id: info.execution?.workflowId ?? '',
    start: toMillis(info.startTime) ?? 0,
    close: toMillis(info.closeTime),
    info,
  }));

const toMillis = (time: RunInfo['startTime']): number | null =>
  time ? Number(time.seconds) * 1000 + Math.floor((time.nanos ?? 0) / 1e6) : null;
