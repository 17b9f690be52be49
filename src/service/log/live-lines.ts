import type { temporal } from '@temporalio/proto';
import { isEnvelope } from '../../contract/wire/run-log.ts';
import type { LogEntry, LogEnvelope } from '../../contract/wire/run-log.ts';
import { UNREADABLE, decodeOr } from '../temporal/decode-first.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { missingLines } from './missing-lines.ts';

export interface LiveLines {
  /** By time, each source in its own order. */
  readonly lines: readonly LogEntry[];
  /** Sources that may still speak: running attempts, and those whose lines a later attempt has inherited. */
  readonly running: ReadonlySet<string>;
  /** What the heartbeats carry, which these lines are a part of. */
  readonly envelopes: readonly LogEnvelope[];
}

/** The lines that running activities hold in their heartbeats. */
export async function liveLines(
  activities: readonly temporal.api.workflow.v1.IPendingActivityInfo[] | null | undefined,
  decode: Temporal['decode'],
): Promise<LiveLines> {
  const running = new Set<string>();
  const live: LogEntry[] = [];
  const envelopes: LogEnvelope[] = [];
  const add = (envelope: LogEnvelope): void => {
    running.add(envelope.src);
    for (const { src, step, lines } of envelope.segs) {
      running.add(src);
      for (const line of lines) live.push({ ...line, src, step });
    }
  };
  let missing: LogEnvelope | undefined;
  for (const { heartbeatDetails, lastHeartbeatTime } of activities ?? []) {
    const envelope = await decodeOr(heartbeatDetails?.payloads, decode);
    // The first place where lines are missing, as history will have it: whoever was told is not told again.
    if (envelope === UNREADABLE) missing ??= missingLines(1, lastHeartbeatTime);
    if (!isEnvelope(envelope)) continue;
    envelopes.push(envelope);
    add(envelope);
  }
  if (missing) add(missing);
  return { lines: byTime(live), running, envelopes };
}

/**
 * Lines by time; those of one source stay in the order in which they come, also when its clock was set back between.
 */
export function byTime(lines: readonly LogEntry[]): readonly LogEntry[] {
  const latest = new Map<string, number>();
  return lines
    .map((line) => {
      const at = Math.max(latest.get(line.src) ?? -Infinity, line.t);
      latest.set(line.src, at);
      return { line, at };
    })
    .toSorted(
      (one, other) =>
        one.at - other.at || compare(one.line.src, other.line.src) || one.line.n - other.line.n,
    )
    .map(({ line }) => line);
}

/** Settled lines that are in no order yet, and what heartbeats hold beside them. */
export const withWaiting = (
  waiting: readonly LogEntry[],
  live: readonly LogEntry[],
): readonly LogEntry[] =>
  waiting.length === 0
    ? live
    : byTime([...waiting, ...live].toSorted((one, other) => one.n - other.n));

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
