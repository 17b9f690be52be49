/**
 * Milliseconds between the heartbeats of an activity that has something new. Whoever follows its run looks as often,
 * and just after them.
 */
export const ACTIVITY_HEARTBEAT = 300;
