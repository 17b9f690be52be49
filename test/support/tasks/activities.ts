// Activities of the test definitions.
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import { abortSignal, checkpoint, lastCheckpoint } from '../../../src/activities/checkpoint.ts';
import { log } from '../../../src/activities/log.ts';
import { progress } from '../../../src/activities/progress.ts';
import { oddErrors } from './odd-errors.ts';

/** Takes `steps` steps of `ms` each, with a checkpoint after each; goes on after the last one. */
export async function walk(steps: number, ms: number, cleanUpLines = 0): Promise<number> {
  let done = lastCheckpoint<number>() ?? 0;
  try {
    while (done < steps) {
      await sleep(ms);
      log.info(`step ${++done}`);
      progress({ done, total: steps, message: `step ${done}` });
      await checkpoint(done);
    }
  } catch (error) {
    for (let line = 1; line <= cleanUpLines; line++) {
      await sleep(5);
      log.info(`stopping ${line}`);
    }
    throw error;
  }
  return done;
}

/** As `walk`; then fails for good. */
export async function walkThenFail(steps: number, ms: number): Promise<never> {
  await walk(steps, ms);
  throw ApplicationFailure.nonRetryable('the end of the way', 'NO_WAY');
}

/** As `walk`; then hears of nothing for 8 s. */
export async function walkThenSleep(steps: number, ms: number): Promise<void> {
  await walk(steps, ms);
  log.info('asleep');
  await sleep(8000);
}

/** Hears of nothing for `ms`. */
export async function beDeaf(ms: number): Promise<string> {
  log.info('deaf');
  await sleep(ms);
  return 'heard nothing';
}

/** A checkpoint, and a wait of `ms` that takes the signal; an attempt that finds the checkpoint ends at once. */
export async function hold(ms: number): Promise<string> {
  if (lastCheckpoint() !== undefined) return 'went on';
  await checkpoint({ held: ms });
  log.info('holding');
  await sleep(ms, undefined, { signal: abortSignal() });
  return 'held';
}

/** Fails until the attempt `succeedAt`, with `lines` lines in each attempt. */
export async function failUntil(succeedAt: number, lines: number): Promise<number> {
  const { attempt } = activityInfo();
  for (let line = 1; line <= lines; line++) log.info(`attempt ${attempt} line ${line}`);
  if (attempt < succeedAt)
    throw ApplicationFailure.retryable(`not at attempt ${attempt}`, 'TooEarly');
  return attempt;
}

/** Logs `lines` lines of `bytes` characters, `rate` a second; 0 is as fast as it can. */
export async function say(lines: number, bytes: number, rate: number): Promise<number> {
  const began = Date.now();
  for (let line = 1; line <= lines; line++) {
    log.info(`line ${line} `.padEnd(bytes, '.'));
    if (rate === 0) continue;
    const ahead = began + (line * 1000) / rate - Date.now();
    if (ahead > 15) await sleep(ahead);
    if (line % 50 === 0) await checkpoint();
  }
  return lines;
}

export async function answerBytes(bytes: number): Promise<string> {
  return 'x'.repeat(bytes);
}

export async function failForGood(message: string, type: string): Promise<never> {
  throw ApplicationFailure.nonRetryable(message, type);
}

export async function throwOne(what: keyof ReturnType<typeof oddErrors>): Promise<void> {
  throw oddErrors()[what];
}

export async function keepOne(secret: string): Promise<string> {
  return secret;
}

/** Takes steps, keeps its place with a secret, and fails for good at `failAt`. Answers where it began. */
export async function walkWith(secret: string, steps: number, failAt: number): Promise<number> {
  const from = lastCheckpoint<{ readonly done: number }>()?.done ?? 0;
  for (let step = from + 1; step <= steps; step++) {
    if (step === failAt) throw ApplicationFailure.nonRetryable('the end of the way', 'NO_WAY');
    await checkpoint({ secret, done: step });
  }
  return from;
}
