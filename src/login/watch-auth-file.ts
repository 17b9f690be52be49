import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAuthFile } from './auth-file.ts';
import type { AuthFile } from './auth-file.ts';

/**
 * Reads a file each second and hands on what it says when that changes; of one that cannot be used, the fault, once.
 * Contents are compared and not times: a file can be replaced within one tick of its clock, and a mounted one by
 * links that no watcher follows. Resolves when `signal` fires.
 */
export async function watchAuthFile(
  file: string,
  { text, signal, changed, failed }: WatchOptions,
): Promise<void> {
  let known = text;
  let unread: string | undefined;
  for (;;) {
    await sleep(EACH, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const now = await readFile(file, 'utf8');
      unread = undefined;
      if (now === known) continue;
      known = now;
      changed(parseAuthFile(now));
    } catch (error) {
      // What it says is told when that changes; that it cannot be read would come each time.
      const said = String(error);
      if (said !== unread) failed(error);
      unread = said;
    }
  }
}

export interface WatchOptions {
  /** What it said when it was read first. */
  readonly text: string;
  readonly signal: AbortSignal;
  readonly changed: (file: AuthFile) => void;
  readonly failed: (error: unknown) => void;
}

/** Milliseconds. */
const EACH = 1000;
