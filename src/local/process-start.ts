import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process that cannot be mistaken for a later one with the same pid. */
export interface ProcessId {
  readonly pid: number;
  /** What `processStart` said while it ran. */
  readonly start: string;
}

/**
 * When the process with this pid began, in words of the system; undefined when there is none.
 * Synchronous: a server is to be noted down before anything can interrupt.
 */
export function processStart(pid: number): string | undefined {
  if (process.platform === 'linux') return linuxStart(pid);
  // Windows tells no start at a reasonable price: there, a pid alone must do.
  if (process.platform === 'win32') return exists(pid) ? 'unknown' : undefined;
  return (
    attempt(() =>
      execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }),
    )?.trim() || undefined
  );
}

export const isRunning = ({ pid, start }: ProcessId): boolean => processStart(pid) === start;

export const processId = (pid: number): ProcessId => ({
  pid,
  start: processStart(pid) ?? 'unknown',
});

export const isProcessId = (value: unknown): value is ProcessId =>
  typeof value === 'object' &&
  value !== null &&
  'pid' in value &&
  Number.isInteger(value.pid) &&
  'start' in value &&
  typeof value.start === 'string';

// /proc, since small systems have no `ps`. Ticks count from boot, so the boot is part of the answer.
function linuxStart(pid: number): string | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The command's name may hold spaces and brackets; fields are safe to split after the last one.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (!fields || fields[0] === 'Z' || fields[0] === 'X') return undefined;
  const boot = attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')) ?? '';
  return `${boot.trim()}:${fields[19]}`;
}

const exists = (pid: number): boolean => attempt(() => process.kill(pid, 0)) ?? false;

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
