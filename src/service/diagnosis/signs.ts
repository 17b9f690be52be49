import type { Step } from '../../contract/task-run.ts';

/** The last time that a step was heard of. */
export const lastSign = (step: Step): Date | null => latest([step.lastHeartbeat, step.since]);

export const latest = (times: readonly (Date | null)[]): Date | null =>
  times.reduce((last, time) => (time && (!last || time > last) ? time : last), null);

/** It is less than so many milliseconds ago. */
export const isWithin = (limit: number, time: Date | null, now: number): boolean =>
  time !== null && now - time.getTime() < limit;
