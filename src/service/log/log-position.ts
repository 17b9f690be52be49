import { crc32 } from 'node:zlib';
import { TaskError, TaskErrorCode } from '../../contract/task-error.ts';

/** How far a reader has come in one source: its last line handed out, and its last line that the offset covers. */
export interface SourcePosition {
  readonly n: number;
  readonly settled: number;
}

/** Where a reader of a run's log stands. Readers that stand at equal positions get equal lines from there on. */
export interface LogPosition {
  /** Temporal's Run ID of the link that is read. */
  readonly link: string;
  /** Settled lines before this offset were handed out. It counts over the whole chain. */
  readonly offset: number;
  /** Lines of the run's own life up to this number were handed out. */
  readonly life: number;
  /** Lines known to be lost before this position. */
  readonly dropped: number;
  /**
   * Sources that need more than the offset: those ahead of it, whose lines came from heartbeats and must not come
   * again, and running ones, whose next live line must follow the last one without a gap.
   */
  readonly sources: ReadonlyMap<string, SourcePosition>;
}

export const startOf = (link: string): LogPosition => ({
  link,
  offset: 0,
  life: 0,
  dropped: 0,
  sources: new Map(),
});

/** The same place in the next link of the chain. Each source belongs to one link, so none is taken along. */
export const intoLink = (position: LogPosition, link: string): LogPosition => ({
  ...position,
  link,
  sources: new Map(),
});

/** Into what an operator's reset made of a link: its log is another one, and it has an end of its own. */
export const intoReset = (position: LogPosition, link: string, offset: number): LogPosition => ({
  ...intoLink(position, link),
  offset,
  life: Math.min(position.life, OPENING),
});
/** The last number of how a run began. */
const OPENING = 2;

/** Most sources that a position may be ahead in; more of them wait until they are settled. It bounds the cursor. */
export const MOST_AHEAD = 128;
const LONGEST_CURSOR = 16 * 1024;

/** A position as text for the readers of one run: opaque, and worthless for any other run. */
export function toCursor(id: string, position: LogPosition, running: ReadonlySet<string>): string {
  const { link, offset, life, dropped, sources } = position;
  const ahead: Record<string, number> = {};
  const level: Record<string, number> = {};
  let room = MOST_AHEAD;
  for (const [source, { n, settled }] of sources)
    if (n > settled) ahead[source] = n;
    else if (running.has(source) && room-- > 0) level[source] = n;
  const body: CursorBody = {
    r: link,
    s: offset,
    k: life,
    ...(dropped > 0 && { d: dropped }),
    ...(!isEmpty(ahead) && { l: ahead }),
    ...(!isEmpty(level) && { g: level }),
  };
  const text = JSON.stringify(body);
  return Buffer.from(`[${checksum(id, text)},${text}]`).toString('base64url');
}

/** Throws INVALID_CURSOR for a text that is not a cursor of this run's log. */
export function fromCursor(id: string, cursor: string): LogPosition {
  const { r, s, k, d = 0, l = {}, g = {} } = parse(id, cursor) ?? invalid(id);
  return {
    link: r,
    offset: s,
    life: k,
    dropped: d,
    sources: new Map([
      ...Object.entries(g).map(([source, n]) => [source, { n, settled: n }] as const),
      ...Object.entries(l).map(([source, n]) => [source, { n, settled: 0 }] as const),
    ]),
  };
}

interface CursorBody {
  readonly r: string;
  readonly s: number;
  readonly k: number;
  readonly d?: number;
  readonly l?: Readonly<Record<string, number>>;
  readonly g?: Readonly<Record<string, number>>;
}

function parse(id: string, cursor: string): CursorBody | undefined {
  if (cursor.length > LONGEST_CURSOR) return undefined;
  try {
    const pair: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (!Array.isArray(pair)) return undefined;
    const [sum, body] = pair as unknown[];
    return isBody(body) && sum === checksum(id, JSON.stringify(body)) ? body : undefined;
  } catch {
    return undefined;
  }
}

// The id in the sum binds a cursor to its run. It tells mistakes; it keeps no secret: a position holds none.
const checksum = (id: string, text: string): number => crc32(`${id}\n${text}`);

function isBody(value: unknown): value is CursorBody {
  if (typeof value !== 'object' || value === null) return false;
  const { r, s, k, d, l, g }: Partial<Record<keyof CursorBody, unknown>> = value;
  return (
    typeof r === 'string' &&
    RUN_ID.test(r) &&
    isCount(s) &&
    isCount(k) &&
    (d === undefined || isCount(d)) &&
    isCounts(l) &&
    isCounts(g)
  );
}
/** As Temporal makes them; it refuses what is none. */
const RUN_ID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const isCounts = (value: unknown): boolean =>
  value === undefined ||
  (typeof value === 'object' && value !== null && Object.values(value).every(isCount));

const isEmpty = (record: object): boolean => {
  for (const _ in record) return false;
  return true;
};

function invalid(id: string): never {
  throw new TaskError(
    TaskErrorCode.InvalidCursor,
    `Expected a cursor that the log of the run "${id}" gave, got another text.`,
    { runId: id },
  );
}
