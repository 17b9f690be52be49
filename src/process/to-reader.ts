import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Writes to a stream of this process without ever waiting for whoever reads there: what is not taken at once waits in
 * memory; `false` is the answer where there is no room left for that. A reader that has gone changes nothing.
 */
export function toReader(out: Writable, most = MOST): (text: string) => boolean {
  out.on('error', () => {});
  return (text) => {
    if (out.writableLength + text.length > most) return false;
    out.write(text);
    return true;
  };
}

/** Resolves when what waits was taken, or when whoever reads has had a second for it. */
export async function untilTaken(out: Writable, limit = 1000): Promise<void> {
  for (const end = Date.now() + limit; out.writableLength > 0 && !out.destroyed; await sleep(10))
    if (Date.now() > end) return;
}

const MOST = 1024 * 1024;
