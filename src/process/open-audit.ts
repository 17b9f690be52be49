import type { Writable } from 'node:stream';
import { Audit } from '../audit/audit.ts';
import { toReader } from './to-reader.ts';
import { toTerminal } from './to-terminal.ts';

export interface OpenAuditOptions {
  /** Where its lines go. Default: the standard output. */
  readonly out?: Writable & { readonly isTTY?: boolean };
  /** Bytes that wait to be written before lines are dropped. Default: 1 MiB. */
  readonly most?: number | undefined;
}

/**
 * The audit of a process, beside its log on the standard output: whatever its level is, and without ever waiting for
 * whoever reads there.
 */
export function openAudit({ out = process.stdout, most }: OpenAuditOptions = {}): Audit {
  if (out.isTTY) {
    const terminal = toTerminal(out);
    return new Audit({ write: (line) => (terminal.write(line), true) });
  }
  return new Audit({ write: toReader(out, most) });
}
