import type { LogLine } from '../wire/run-log.ts';
import type { LogFilter } from '../tasks.ts';

/** Whether a filter holds a line. */
export function matchesLine(line: LogLine, { levels, steps, search }: LogFilter = {}): boolean {
  return (
    (levels === undefined || levels.includes(line.level)) &&
    (steps === undefined || (line.step !== null && steps.includes(line.step))) &&
    (search === undefined || line.message.toLowerCase().includes(search.toLowerCase()))
  );
}
