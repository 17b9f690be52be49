import { PAYLOAD_LIMIT } from './wire/payload-limit.ts';
import { LOG_LIMITS } from './wire/run-log.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

/** Every bound that a caller can meet; docs/guarantees.md says what is beyond each. */
export const LIMITS = {
  /** Bytes of an input or output. */
  payload: PAYLOAD_LIMIT,

  /** Characters. */
  name: 200,
  tag: 100,
  key: 200,
  reason: 1000,
  actor: 100,
  /** Temporal's own: runs that were started around us can be read too. */
  id: 255,
  tags: 20,
  /** Seconds: less than 355 days. */
  delay: 30_672_000,
  /** Seconds: an hour. */
  grace: 3600,
  /** Days that Temporal keeps closed runs. */
  retention: 365,

  /** Bytes of what a run takes over from the one that it goes on from; less beside an input near its own bound. */
  resume: MiB,

  /** Bytes of lines, and of logs. */
  log: LOG_LIMITS,

  /** Runs of a page. */
  runs: 100,
  /** Lines of a page. */
  lines: 1000,
  /** Matches that are sorted here, where Temporal's index has no such order. */
  sorted: 1000,
  /** Rows that are looked at for one page, where its index cannot answer the filter. */
  scanned: 1000,
  /** Values of one field of a filter. */
  values: 100,

  /** Of a run or trigger token. */
  token: {
    /** Seconds: a day. */
    lifetime: 86_400,
    /** Characters; of any token that is shown. */
    text: 8192,
  },

  /** A GraphQL document, and the request that brings it. */
  document: {
    /** Bytes of a request's body, or of a frame. */
    body: MiB,
    /** Characters; variables are not counted. Documents are cached, so this bounds the cache too. */
    text: 128 * KiB,
    tokens: 2000,
    depth: 15,
    aliases: 30,
    /** Characters of an alias. */
    alias: 100,
    directives: 50,
    /** Fields of the answer, taking each list for as long as its `first` or `limit` allows. */
    cost: 200_000,
  },

  /** Bytes of values that are decoded at once, as Temporal Web UI asks for them. */
  codec: 8 * MiB,

  /** Of one socket. */
  socket: {
    /** Operations at once. */
    operations: 32,
    /** Bytes that wait for a reader. */
    buffer: 512 * KiB,
  },

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

  /** Of a caller, unless the auth file says otherwise: points that are there at once, and that come back each second. */
  budget: { burst: 1000, rate: 100 },
  /** The same of an address: logins that fail, and sockets that have not said who asks. */
  address: { failures: { burst: 10, rate: 1 }, silentSockets: 20 },

  /** Different lists that all callers of a tenant follow live, at once. */
  lists: 20,

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
