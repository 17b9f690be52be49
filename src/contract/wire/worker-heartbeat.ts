/** Milliseconds between two signs of life of a worker. A dead one shows after three of them. */
export const WORKER_HEARTBEAT = 5000;
