import { sizeOf } from '../../contract/wire/run-log.ts';
import type { RunLog, WireLogPage } from '../../contract/wire/run-log.ts';
import type { TaskRunDetails } from '../../contract/task-run.ts';
import { inOrder } from './history-log.ts';
import type { LinkHistory } from './history-log.ts';
import { abortRequestOf, endOf, openingOf } from './lifecycle.ts';
import type { LifeLine } from './lifecycle.ts';
import { BATCH_BYTES } from './read-logs.ts';
import { RecentCache } from '../../tools/recent-cache.ts';
import type { LinkState, RunSource } from './run-source.ts';

/** A link to which nothing is added any more, and all of its log. */
export interface ClosedLink {
  readonly details: TaskRunDetails;
  readonly log: RunLog;
  readonly life: readonly LifeLine[];
  /** The link that follows, and the offset at which it goes on. */
  readonly next: { readonly link: string; readonly offset: number } | undefined;
}

/** Logs read from raw history: no worker is needed. The last ones are kept for a moment. */
export class LinkHistories {
  readonly #source: RunSource;
  readonly #closed = new RecentCache<ClosedLink>({ ...KEPT, sizeOf: ({ log }) => bytesOf(log) });
  readonly #open = new RecentCache<LinkHistory>({ ...KEPT, sizeOf: ({ log }) => bytesOf(log) });

  constructor(source: RunSource) {
    this.#source = source;
  }

  /** A closed link, or undefined while it is open. `state` saves a call when it is known. */
  async closed(id: string, link: string, state?: LinkState): Promise<ClosedLink | undefined> {
    try {
      return await this.#closed.get(keyOf(id, link), async () => {
        const now = state ?? (await this.#source.state(id, link));
        if (now.open) throw new StillOpen();
        return toClosedLink(now, await this.#source.history(id, link), this.#source);
      });
    } catch (error) {
      if (error instanceof StillOpen) return undefined;
      throw error;
    }
  }

  /** The history of an open link as it is now. */
  open(id: string, link: string): Promise<LinkHistory> {
    return this.#read(id, link, () => false);
  }

  /** The history of a link that is closed, or has at least so many events. */
  reached(id: string, link: string, events: number): Promise<LinkHistory> {
    return this.#read(id, link, ({ end, course }) => end !== undefined || course.events >= events);
  }

  /** Settled lines of an open link after an offset; the last of them may be missing, unless there are none. */
  async page(id: string, link: string, after: number): Promise<WireLogPage> {
    const history = await this.#read(id, link, ({ safe }) => safe > after);
    return inOrder(history, { after, limitBytes: BATCH_BYTES });
  }

  #read(id: string, link: string, good: (history: LinkHistory) => boolean): Promise<LinkHistory> {
    return this.#open.get(keyOf(id, link), () => this.#source.history(id, link), good);
  }

  clear(): void {
    this.#closed.clear();
    this.#open.clear();
  }
}

const KEPT = { limit: 32 * 1024 * 1024, idle: 30_000 };

class StillOpen extends Error {}

async function toClosedLink(
  { details, lines }: LinkState,
  { log, abortRequest, end, next }: LinkHistory,
  { temporal }: RunSource,
): Promise<ClosedLink> {
  const { iteration } = details;
  const offset = log.next;
  // Heartbeats of a terminated or timed-out run are in its description only: they come after all that was settled.
  for (const { src, step, ...line } of lines)
    log.apply({ v: 1, src, segs: [{ src, step, lines: [line] }] });
  const asked = abortRequest && abortRequestOf(abortRequest, iteration);
  return {
    details,
    log,
    life: [
      ...openingOf(details),
      ...(asked ? [asked] : []),
      ...(end ? await endOf(temporal, end, { iteration, asked: asked !== undefined }) : []),
    ],
    next: next === undefined ? undefined : { link: next, offset },
  };
}

const keyOf = (id: string, link: string): string => `${link} ${id}`;

function bytesOf(log: RunLog): number {
  const { entries } = log.page({ limitBytes: Infinity });
  return entries.reduce((sum, entry) => sum + sizeOf(entry), 1);
}
