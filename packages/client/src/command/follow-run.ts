import type { TaskRun, TaskRunStatus } from '../../../../src/contract/task-run.ts';
import type { LogFilter } from '../../../../src/contract/tasks.ts';
import type { LogLine } from '../../../../src/contract/wire/run-log.ts';
import type { Context } from './command.ts';
import { Ended, ExitCode, exitCodeOfRun } from './exit-code.ts';
import { barOf } from './screen.ts';
import type { Screen } from './screen.ts';

/** Prints a run's log as it comes, with how far it is, until it is over; ends as the run did. */
export async function followRun(
  { client, screen, signal }: Context,
  run: TaskRun,
  request: { readonly after?: string | undefined; readonly filter?: LogFilter } = {},
): Promise<void> {
  const watched = new AbortController();
  const watching = showProgress(client.watch(run.id, { signal: watched.signal }), screen);
  let status: TaskRunStatus | undefined;
  try {
    for await (const event of client.tail(run.id, { ...request, signal }))
      if (event.type === 'LINE') printLine(screen, event.line, event.cursor);
      else status = event.status;
  } finally {
    watched.abort();
    await watching;
    screen.bar('');
  }
  if (status === undefined) throw leave(screen, run.id);
  if (screen.isJson) screen.print('', { status });
  else screen.say(screen.paint(status));
  const exitCode = exitCodeOfRun(status);
  if (exitCode !== ExitCode.Done) throw new Ended(exitCode);
}

async function showProgress(
  watch: ReturnType<Context['client']['watch']>,
  screen: Screen,
): Promise<void> {
  try {
    for await (const now of watch) screen.bar(barOf(now, now.progress));
  } catch {
    // The log says what is wrong.
  }
}

export function printLine(screen: Screen, line: LogLine, cursor: string): void {
  const { time, level, step, message } = line;
  const words = [
    screen.paint(screen.time(time), 'gray'),
    screen.paint(level.padEnd(5), undefined).replace(level, () => screen.paint(level)),
    step === null ? '' : screen.paint(step, 'gray'),
    message,
  ];
  screen.print(words.filter(Boolean).join(' '), { ...line, cursor });
}

/** Who stops looking does not stop the run. */
export function leave(screen: Screen, id: string): Ended {
  screen.say(`The run goes on: waymark logs -f ${id}`);
  return new Ended(ExitCode.Interrupted);
}
