import { AsyncLocalStorage } from 'node:async_hooks';

const LISTENERS = new AsyncLocalStorage<() => void>();

/**
 * Does work and tells of each call to Temporal that it makes. One that several wait for is told to whoever asked
 * first: the others cost nothing.
 */
export const countingCalls = <R>(onCall: () => void, work: () => R): R =>
  LISTENERS.run(onCall, work);

/** To be told before each call to Temporal. */
export const countCall = (): void => LISTENERS.getStore()?.();
