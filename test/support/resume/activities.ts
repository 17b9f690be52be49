// Activities whose work is counted, by label: what is done twice shows.
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/activity';
import { abortSignal, checkpoint, lastCheckpoint } from '../../../src/activities/checkpoint.ts';
import { log } from '../../../src/activities/log.ts';

/** What was done, in order. */
export const done = new Map<string, string[]>();
/** Where a step fails for good, or hangs. */
export const broken = new Map<string, { readonly item: number; readonly how: 'FAIL' | 'HANG' }>();

const note = (label: string, what: string): void => {
  done.set(label, [...(done.get(label) ?? []), what]);
};

export async function prepare(label: string): Promise<{ readonly where: string }> {
  note(label, 'prepare');
  return { where: `store of ${label}` };
}

export async function say(label: string, what: string): Promise<void> {
  note(label, what);
}

/** Imports items 1…`items`, with a checkpoint after each. */
export async function importItems(label: string, items: number): Promise<number> {
  for (let item = (lastCheckpoint<number>() ?? 0) + 1; item <= items; item++) {
    const fault = broken.get(label);
    if (fault?.item === item) {
      if (fault.how === 'FAIL') throw ApplicationFailure.nonRetryable(`no item ${item}`, 'NO_ITEM');
      log.info('hangs');
      await sleep(60_000, undefined, { signal: abortSignal() });
    }
    note(label, `item ${item}`);
    await checkpoint(item);
  }
  return items;
}

/** Answers so many bytes, or more of them than a run that goes on can be handed together with others'. */
export async function answer(label: string, which: number, bytes: number): Promise<string> {
  note(label, `answer ${which}`);
  return 'x'.repeat(bytes);
}

export async function failIfBroken(label: string): Promise<void> {
  if (broken.has(label)) throw ApplicationFailure.nonRetryable('broken', 'BROKEN');
  note(label, 'checked');
}
