import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isProcessId, isRunning, processId, type ProcessId } from './process-start.ts';

/** Notes down which process serves a database, for a next start to find if this one is killed. */
export function noteServer(file: string, pid: number): void {
  writeFileSync(file, JSON.stringify(processId(pid)));
}

/** Stops the server that a killed process left behind. Resolves when nothing serves the database any more. */
export async function stopNotedServer(
  file: string,
  report: (line: string) => void = () => {},
): Promise<void> {
  const noted = read(file);
  if (noted && isRunning(noted)) {
    report(`Stopping the Temporal server ${noted.pid} that an earlier start left behind …`);
    await stop(noted);
  }
  await rm(file, { force: true });
}

const STOP_LIMIT = 10_000;
const KILL_LIMIT = 5_000;

async function stop(server: ProcessId): Promise<void> {
  for (const [signal, limit] of [
    ['SIGTERM', STOP_LIMIT],
    ['SIGKILL', KILL_LIMIT],
  ] as const) {
    const deadline = Date.now() + limit;
    if (isRunning(server)) process.kill(server.pid, signal);
    while (isRunning(server) && Date.now() < deadline) await sleep(50);
    if (!isRunning(server)) return;
  }
  throw new Error(
    `Expected the Temporal server ${server.pid} of an earlier start to end, but it runs on. Stop it by hand.`,
  );
}

function read(file: string): ProcessId | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isProcessId(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
