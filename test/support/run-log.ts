// What the tests of run logs read and ask.
import { expect } from 'vitest';
import type { LogLine } from '../../src/contract/wire/run-log.ts';
import type { LogEvent, TailRequest, Tasks } from '../../src/contract/tasks.ts';

export type LogEnd = Extract<LogEvent, { type: 'END' }>;
type Tails = Pick<Tasks, 'tail'>;

export interface ReadLog {
  readonly lines: readonly LogLine[];
  readonly cursors: readonly string[];
  readonly end: LogEnd;
}

/** Follows a run to the end of its log. */
export async function readToEnd(tasks: Tails, id: string, request?: TailRequest): Promise<ReadLog> {
  const lines: LogLine[] = [];
  const cursors: string[] = [];
  for await (const event of tasks.tail(id, request)) {
    if (event.type === 'END') return { lines, cursors, end: event };
    lines.push(event.line);
    cursors.push(event.cursor);
  }
  throw new Error(`The log of ${id} ended without an end marker, after ${lines.length} lines.`);
}

/** Follows a run until a line has this message; answers what came before it, and it. */
export async function readUntil(
  tasks: Tails,
  id: string,
  message: string | RegExp,
): Promise<Omit<ReadLog, 'end'>> {
  const lines: LogLine[] = [];
  const cursors: string[] = [];
  for await (const event of tasks.tail(id)) {
    if (event.type === 'END') break;
    lines.push(event.line);
    cursors.push(event.cursor);
    if (
      typeof message === 'string'
        ? event.line.message === message
        : message.test(event.line.message)
    )
      return { lines, cursors };
  }
  throw new Error(`No line ${String(message)} in the log of ${id}.`);
}

export const messagesOf = (lines: readonly LogLine[]): readonly string[] =>
  lines.map(({ message }) => message);

/** Fails unless each activity's lines count 1, 2, 3… and a marker stands for each that is missing. */
export function expectNoGapNorRepeat(lines: readonly LogLine[]): void {
  const reached = new Map<string, number>();
  const wrong: string[] = [];
  for (const { source, n, dropped } of lines) {
    if (source === 'run') continue;
    const expected = (reached.get(source) ?? 0) + Math.max(1, dropped);
    if (n !== expected) wrong.push(`${source}: ${n} instead of ${expected}`);
    reached.set(source, n);
  }
  expect(wrong).toEqual([]);
}

/** The lines that the activities wrote themselves: not of the run's life, nor of an attempt's. */
export const writtenLines = (lines: readonly LogLine[], pattern: RegExp): readonly string[] =>
  messagesOf(lines).filter((message) => pattern.test(message));
