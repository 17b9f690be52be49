import { isatty } from 'node:tty';
import { pino } from 'pino';
import { Audit } from '../audit/audit.ts';
import { toTerminal } from './to-terminal.ts';

export interface OpenAuditOptions {
  /** Where its lines go. Default: the standard output. */
  readonly fd?: number | undefined;
  /** Bytes that wait to be written before lines are dropped. */
  readonly most?: number | undefined;
}

/**
 * The audit of a process, beside its log on the standard output: whatever its level is, and without ever waiting for
 * whoever reads there.
 */
export function openAudit({ fd = 1, most = MOST }: OpenAuditOptions = {}): Audit {
  if (fd === 1 && isatty(1)) {
    const terminal = toTerminal(process.stdout);
    return new Audit({ write: (line) => (terminal.write(line), true) });
  }
  const stream = pino.destination({ dest: fd, sync: false, maxLength: most, maxWrite: PIECE });
  let dropped = false;
  stream.on('drop', () => {
    dropped = true;
  });
  // What cannot be written waits for the next line; beyond what may wait, lines are dropped and counted.
  stream.on('error', () => {});
  return new Audit({
    write: (line) => {
      dropped = false;
      stream.write(line);
      return !dropped;
    },
  });
}

const MOST = 1024 * 1024;
/** What a pipe takes at once or not at all: no line of the log comes in between. */
const PIECE = 4096;
