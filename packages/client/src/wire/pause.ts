/** Waits, but not longer than the signal allows. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const go = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', go);
      resolve();
    };
    const timer = setTimeout(go, ms);
    signal.addEventListener('abort', go);
  });

/** Milliseconds before the next try, after so many failures: all who were cut off at once come back spread. */
export const backOff = (failures: number): number =>
  Math.random() * Math.min(10_000, 200 * 2 ** failures);
