import { PAYLOAD_LIMIT } from './wire/payload-limit.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

/** Every bound that a caller can meet; docs/guarantees.md says what is beyond each. */
export const LIMITS = {
  /** Bytes of an input or output. */
  payload: PAYLOAD_LIMIT,

  /** What one GraphQL query or mutation may take; each event of a subscription is one of its own. */
  operation: {
    /** Bytes of its answer. */
    answer: 8 * MiB,
    /** Bytes that are read from Temporal for it. */
    read: 32 * MiB,
    /** Calls to Temporal. */
    calls: 1000,
    /** Milliseconds. What changes something is not cut: each has its own deadline. */
    deadline: 10_000,
    /** Errors of its fields; those after them share the last one. */
    errors: 100,
  },

  /** What one process holds for all its callers. */
  held: {
    /** Bytes of answers, of what they are made from, of what waits for readers, and of variables. */
    all: 192 * MiB,
    /** Bytes that each operation or socket may have whatever others hold. */
    each: 256 * KiB,
    /** The same of a document and its variables, which stay as long as a subscription. */
    request: 4 * KiB,
  },
} as const;
