import { setTimeout as sleep } from 'node:timers/promises';
import { abortSignal, checkpoint } from '../../src/activities/checkpoint.ts';
import { log } from '../../src/activities/log.ts';

/** When, on this process's clock, an activity body was entered or saw its abort. */
export const entered = new Map<string, number>();
export const aborted = new Map<string, number>();

export async function oneStep(n: number): Promise<{ n: number }> {
  await checkpoint(n);
  return { n };
}

export async function waitForAbort(token: string): Promise<void> {
  entered.set(token, performance.now());
  const signal = abortSignal();
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  aborted.set(token, performance.now());
  await checkpoint();
}

export async function sayOnce(token: string): Promise<void> {
  entered.set(token, performance.now());
  log.info(token);
  await sleep(600);
}

/** Lines that say when they were written, so that a viewer can tell how old they are. */
export async function drip(perSecond: number, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  for (let n = 1; performance.now() < end; n++) {
    log.info(`line ${n}`, { at: Date.now() });
    await sleep(1000 / perSecond);
    await checkpoint(n);
  }
}

export async function flood(lines: number, bytes: number): Promise<void> {
  for (let n = 1; n <= lines; n++) {
    log.info(`line ${n} ${'x'.repeat(bytes)}`, { at: Date.now() });
    if (n % 100 === 0) await sleep(20);
  }
}
