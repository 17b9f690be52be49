import type { LogLine } from '../../../contract/wire/run-log.ts';
import { TaskError } from '../../../contract/task-error.ts';
import type { TaskRun } from '../../../contract/task-run.ts';
import type { Tasks } from '../../../contract/tasks.ts';

/** What a run said in one iteration. */
export interface LogRecord {
  readonly id: string;
  readonly run: TaskRun;
  readonly iteration: number;
  readonly createdOn: Date;
  /** In order of time. */
  readonly lines: readonly LogLine[];
}

/** What lists of records are made from. */
export interface LogSource {
  readonly tasks: Tasks;
  /** All records of a run, asked for once in an operation; none when the run is gone. */
  readonly records: (run: TaskRun) => Promise<readonly LogRecord[]>;
}

/** Lines of one run that an answer may hold. */
const MAX_LINES = 10_000;

/** The records of a run's log, the first iteration first; none for a run that is gone. */
export async function readRecords(tasks: Tasks, run: TaskRun): Promise<readonly LogRecord[]> {
  const lines = await readLines(tasks, run);
  if (!lines) return [];
  const records: LogRecord[] = [];
  const last = lines.reduce((max, { iteration }) => Math.max(max, iteration), run.iteration);
  const inTime = lines.toSorted((one, other) => one.time.getTime() - other.time.getTime());
  for (let iteration = 1; iteration <= last; iteration++) {
    const own = inTime.filter((line) => line.iteration === iteration);
    records.push({
      id: `${run.id}#${iteration}`,
      run,
      iteration,
      createdOn: iteration === 1 ? run.createdAt : (own[0]?.time ?? run.createdAt),
      lines: own,
    });
  }
  return records;
}

/** The run that a record's id names. */
export const runIdOf = (recordId: string): string => recordId.replace(/#\d+$/, '');

async function readLines(tasks: Tasks, { id }: TaskRun): Promise<readonly LogLine[] | null> {
  const lines: LogLine[] = [];
  try {
    for (let after: string | undefined; ;) {
      const page = await tasks.logs(id, { after, first: 1000 });
      lines.push(...page.lines);
      if (!page.hasMore) return lines;
      if (lines.length >= MAX_LINES) return [...lines, moreOf(lines)];
      after = page.cursor;
    }
  } catch (error) {
    if (error instanceof TaskError && error.code === 'TASK_RUN_NOT_FOUND') return null;
    throw error;
  }
}

/** Says that an answer does not hold everything. */
function moreOf(lines: readonly LogLine[]): LogLine {
  const last = lines.at(-1);
  return {
    step: null,
    attempt: null,
    iteration: last?.iteration ?? 1,
    source: 'run',
    n: 0,
    time: last?.time ?? new Date(),
    level: 'WARN',
    event: null,
    message: `The log goes on: one answer holds ${lines.length} lines. Read the rest with \`taskRun(id) { log }\`.`,
    data: null,
    dropped: 0,
  };
}
