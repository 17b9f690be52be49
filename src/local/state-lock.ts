import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isProcessId, isRunning, processId, type ProcessId } from './process-start.ts';

export interface StateLock {
  /** Tells whoever waits that this process is about to leave. */
  readonly ending: () => Promise<void>;
  readonly release: () => Promise<void>;
}

export interface LockOptions {
  /** Told once, when another process has to end first. */
  readonly report?: (line: string) => void;
  /** Milliseconds for a holder that runs: it may have been asked to end a moment ago. */
  readonly patience?: number;
  /** Milliseconds for a holder that says it is ending: its worker drains. */
  readonly drain?: number;
}

/**
 * Makes this process the only one that uses a state folder; Temporal's dev server itself would share its
 * database with a second one without a word. A lock whose process was killed counts as free.
 */
export async function lockState(
  folder: string,
  { report = () => {}, patience = 3_000, drain = 40_000 }: LockOptions = {},
): Promise<StateLock> {
  const file = join(folder, 'lock.json');
  const own = processId(process.pid);
  const begun = Date.now();
  for (let told = false; !(await create(file, own)); await sleep(50)) {
    const { holder, text } = await read(file);
    if (!holder || !isRunning(holder)) {
      // What is no lock may be half of one: its owner gets a moment.
      if (!holder) await sleep(500);
      if ((await read(file)).text === text) await discard(file, text);
      continue;
    }
    if (Date.now() - begun > (holder.ending ? drain : patience))
      throw new Error(
        `Expected ${folder} to be free, but the process ${holder.pid} uses it. Stop that one, or give this one a folder of its own by WAYMARK_STATE_DIR.`,
      );
    if (!told) report(`Waiting for the process ${holder.pid}, which uses ${folder}, to end …`);
    told = true;
  }
  return {
    ending: () => writeFile(file, JSON.stringify({ ...own, ending: true } satisfies Holder)),
    release: () => rm(file, { force: true }),
  };
}

interface Holder extends ProcessId {
  readonly ending?: boolean;
}

async function create(file: string, holder: Holder): Promise<boolean> {
  try {
    await writeFile(file, JSON.stringify(holder), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function read(file: string): Promise<{ text: string; holder: Holder | undefined }> {
  const text = await readFile(file, 'utf8').catch(() => '');
  try {
    const value: unknown = JSON.parse(text);
    return { text, holder: isProcessId(value) ? value : undefined };
  } catch {
    return { text, holder: undefined };
  }
}

/** Removes a lock that was judged stale, unless another process has put its own there in between. */
async function discard(file: string, judged: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch {
    return;
  }
  if ((await readFile(aside, 'utf8')) === judged) await rm(aside, { force: true });
  else await rename(aside, file);
}
