import { optionalTsToDate } from '@temporalio/common/lib/time.js';

/** A time of Temporal's; null for one that it does not tell. */
export const toDate = (time: Parameters<typeof optionalTsToDate>[0]): Date | null =>
  optionalTsToDate(time) ?? null;
