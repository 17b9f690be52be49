import { sizeOf } from '../../contract/wire/run-log.ts';
import type { RunLog, WireLogPage } from '../../contract/wire/run-log.ts';
import type { TaskRunDetails } from '../../contract/task-run.ts';
import { inOrder } from './history-log.ts';
import type { LinkHistory } from './history-log.ts';
import { abortRequestOf, endOf, isReplaced, openingOf } from './lifecycle.ts';
import type { LifeLine } from './lifecycle.ts';
import { linksBefore } from '../temporal/history.ts';
import { isGone } from '../temporal/to-task-error.ts';
import { executionsOf } from '../temporal/visibility.ts';
import { BATCH_BYTES } from './read-on.ts';
import { Kept } from '../../tools/kept.ts';
import type { LinkState, RunSource } from './run-source.ts';

/** A link to which nothing is added any more, and all of its log. */
export interface ClosedLink {
  readonly details: TaskRunDetails;
  readonly log: RunLog;
  readonly life: readonly LifeLine[];
  readonly next: NextLink | undefined;
  /** It was ended because an operator reset its run, maybe to an earlier link. */
  readonly replaced: boolean;
}

/** The link that follows, and the offset at which it goes on. */
export interface NextLink {
  readonly link: string;
  readonly offset: number;
  /** By an operator's reset. */
  readonly reset: boolean;
}

/** Logs read from raw history: no worker is needed. The last ones are kept for a moment. */
export class LinkHistories {
  readonly #source: RunSource;
  readonly #closed = new Kept<ClosedLink>({ ...KEPT, sizeOf: ({ log }) => bytesOf(log) });
  readonly #open = new Kept<LinkHistory>({ ...KEPT, sizeOf: ({ log }) => bytesOf(log) });

  constructor(source: RunSource) {
    this.#source = source;
  }

  /** A closed link, or undefined while it is open. `state` saves a call when it is known. */
  async closed(id: string, link: string, state?: LinkState): Promise<ClosedLink | undefined> {
    // One that was read as the newest may have been reset since.
    const isLast = state !== undefined && state.reset === undefined;
    try {
      return await this.#closed.load(
        keyOf(id, link),
        async () => {
          const now = state ?? (await this.#source.state(id, link));
          if (now.open) throw new StillOpen();
          const history = await this.#source.history(id, link);
          return toClosedLink(now, history, await this.#nextOf(now, history), this.#source);
        },
        ({ next }) => next !== undefined || isLast,
      );
    } catch (error) {
      if (error instanceof StillOpen) return undefined;
      throw error;
    }
  }

  async #nextOf(state: LinkState, { log, next }: LinkHistory): Promise<NextLink | undefined> {
    if (next !== undefined) return { link: next, offset: log.next, reset: false };
    const { reset, details, link } = state;
    return reset === undefined ? undefined : this.#afterReset(details.id, link, async () => reset);
  }

  /** Where a run goes on after a link that nothing follows, because an earlier one was reset. */
  branch(id: string, link: string, newest: string): Promise<NextLink> {
    return this.#afterReset(id, link, () => this.#parting(id, link, newest));
  }

  /**
   * With what began next: Temporal names of one execution that was reset twice only what the last reset made of it.
   * While its index does not know that, with what is `named`.
   */
  async #afterReset(id: string, link: string, named: () => Promise<string>): Promise<NextLink> {
    const all = await executionsOf(this.#source.temporal, id);
    const at = all.indexOf(link);
    const next = at < 0 ? undefined : all[at + 1];
    if (next !== undefined)
      try {
        return await this.#into(id, next);
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    return this.#into(id, await named());
  }

  /** The first link on the way to the newest one that is not on the way to this one. */
  async #parting(id: string, link: string, newest: string): Promise<string> {
    const { temporal } = this.#source;
    const passed = new Set([link]);
    for await (const before of linksBefore(temporal, { id, link }))
      if (passed.add(before).size > LONGEST_WALK) break;
    let next = newest;
    let steps = 0;
    for await (const before of linksBefore(temporal, { id, link: newest })) {
      if (passed.has(before) || ++steps > LONGEST_WALK) break;
      next = before;
    }
    return next;
  }

  /** What it took over from the link before was read there. */
  async #into(id: string, link: string): Promise<NextLink> {
    const { inherited } = await this.#source.history(id, link);
    return { link, offset: inherited, reset: true };
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
    return this.#open.load(keyOf(id, link), () => this.#source.history(id, link), good);
  }

  clear(): void {
    this.#closed.clear();
    this.#open.clear();
  }
}

/** Links that are looked for behind one. */
export const LONGEST_WALK = 200;
/** The newest log is kept however long it is: its readers come back for each page. */
const KEPT = { bytes: 32 * 1024 * 1024, largest: Infinity, idle: 30_000 };

class StillOpen extends Error {}

async function toClosedLink(
  { details, lines, mark }: LinkState,
  { log, abortRequest, end }: LinkHistory,
  next: NextLink | undefined,
  { temporal }: RunSource,
): Promise<ClosedLink> {
  const { iteration } = details;
  // Heartbeats of a terminated or timed-out run are in its description only: they come after all that was settled.
  for (const { src, step, ...line } of lines)
    log.apply({ v: 1, src, segs: [{ src, step, lines: [line] }] });
  const asked = abortRequest && abortRequestOf(abortRequest, { iteration, mark });
  return {
    details,
    log,
    life: [
      ...openingOf(details),
      ...(asked ? [asked] : []),
      ...(end ? await endOf(temporal, end, { iteration, mark, asked: asked !== undefined }) : []),
    ],
    next,
    replaced: end !== undefined && isReplaced(end),
  };
}

const keyOf = (id: string, link: string): string => `${link} ${id}`;

function bytesOf(log: RunLog): number {
  const { entries } = log.page({ limitBytes: Infinity });
  return entries.reduce((sum, entry) => sum + sizeOf(entry), 1);
}
