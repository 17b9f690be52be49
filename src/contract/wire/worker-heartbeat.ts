/** Milliseconds between two signs of life of a worker. A dead one shows after three of them. */
export const WORKER_HEARTBEAT = 5000;

/** Begins the key of what a worker says of itself before it polls: Temporal's own heartbeats come 5 s later, under a key that nobody is told. */
export const FIRST_SIGN = 'waymark.start:';
