import { AsyncLocalStorage } from 'node:async_hooks';
import type { Share } from '../tools/fair-bucket.ts';

const ASKING = new AsyncLocalStorage<Share>();

/** Does work for one caller of a tenant: what it asks of Temporal's index comes out of their share. */
export const askingFor = <R>(tenant: string | null | undefined, caller: string, work: () => R): R =>
  ASKING.run({ group: tenant ?? '', one: caller }, work);

export const whoAsks = (): Share => ASKING.getStore() ?? NOBODY;

/** The service itself, and code that asks as no caller in particular. */
const NOBODY: Share = { group: '', one: '' };
