import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { processStart } from './process-start.ts';

/**
 * Calls back when the npm that started this process is gone without a word, as after `kill -9`: nobody is left to
 * pass a signal on, and the next start would find everything taken. Call it while npm is there.
 */
export function whenNpmIsGone(callback: () => void): void {
  const npm = npmPid();
  if (npm === undefined) return;
  const start = processStart(npm);
  const timer = setInterval(() => {
    if (processStart(npm) === start) return;
    clearInterval(timer);
    callback();
  }, INTERVAL);
  timer.unref();
}

const INTERVAL = 1_000;
const SHELLS = /^(?:sh|dash|bash|zsh|ksh|ash)$/;

/** npm runs a shell, which may or may not make room for what it runs. */
function npmPid(): number | undefined {
  const parent = { pid: process.ppid, ...lookUp(process.ppid) };
  return parent.name !== undefined && SHELLS.test(parent.name) ? parent.ppid : parent.pid;
}

function lookUp(pid: number): { readonly name?: string; readonly ppid?: number } {
  try {
    const text =
      process.platform === 'linux'
        ? readFileSync(`/proc/${pid}/status`, 'utf8')
        : execFileSync('ps', ['-o', 'ppid=,ucomm=', '-p', String(pid)], { encoding: 'utf8' });
    const [, name, ppid] =
      /^Name:\s*(.+)[^]*^PPid:\s*(\d+)/m.exec(text) ??
      // The same two, as ps has them.
      [/^\s*(\d+)\s+(\S+)/.exec(text)].flatMap((match) => (match ? ['', match[2], match[1]] : []));
    return {
      ...(name !== undefined && { name }),
      ...(ppid !== undefined && { ppid: Number(ppid) }),
    };
  } catch {
    return {};
  }
}
