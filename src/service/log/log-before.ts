import type { LogPage } from '../../contract/tasks.ts';
import type { RunLog } from '../../contract/wire/run-log.ts';
import { isGone } from '../temporal/to-task-error.ts';
import type { LogReader, NewestLink, RunBatch } from './log-reader.ts';
import { inOrder, unordered } from './history-log.ts';
import type { LinkHistory } from './history-log.ts';
import { abortRequestOf, openingOf } from './lifecycle.ts';
import type { LifeLine } from './lifecycle.ts';
import type { LinkHistories } from './link-histories.ts';
import { withWaiting } from './live-lines.ts';
import type { LiveLines } from './live-lines.ts';
import { intoLink } from './log-position.ts';
import type { LogPosition } from './log-position.ts';
import { BATCH_BYTES, readOn } from './read-on.ts';
import type { LinkView } from './read-on.ts';
import type { LinkState } from './run-source.ts';

export interface LogBeforeOptions {
  readonly id: string;
  readonly before: LogPosition;
  /** Of the newest link. */
  readonly state: LinkState;
  readonly reader: LogReader;
  readonly histories: LinkHistories;
}

/**
 * The log up to a position, read from its start: what a reader who stands there was told, and nothing else.
 *
 * Links before that of the position were told whole. Of its own link, what is before its offset is settled, and what it
 * is ahead by is live, wherever Temporal has it by now. So each position on the way says again how far each source was
 * told: the lines of a page and those before its `startCursor` are together those before its end, none of them twice.
 */
export class LogBefore {
  readonly #options: LogBeforeOptions;
  readonly #newest: NewestLink;
  #before: LogPosition;
  #told: Promise<Told | undefined> | undefined;

  constructor(options: LogBeforeOptions) {
    this.#options = options;
    this.#before = options.before;
    this.#newest = { state: options.state, view: (offset) => this.#view(offset) };
  }

  /** What follows a position, or undefined when no link that is read leads to the end of this log. */
  async read(position: LogPosition): Promise<RunBatch | undefined> {
    const told = await (this.#told ??= this.#find(position.link));
    const { id, state, reader } = this.#options;
    if (position.link !== this.#before.link)
      return position.link === state.link ? undefined : reader.read(position, this.#newest);
    const { offset, life, sources } = this.#before;
    if (!told) return undefined;
    const { live, ...view } = viewOf({ ...told, safe: offset }, position.offset);
    const batch = readOn(id, position, {
      ...view,
      live: live.filter(({ src, n }) => n <= (sources.get(src)?.n ?? 0)),
      life: told.life.filter(({ line }) => line.n <= life),
      over: true,
    });
    return { ...batch, onward: batch.onward === 'MORE' ? 'MORE' : 'WAIT', status: null };
  }

  /** Whether anything comes after it. */
  async rest(): Promise<Pick<LogPage, 'hasMore' | 'ended'>> {
    const batch = await this.#options.reader.read(this.#before, this.#newest);
    const hasMore = !batch || batch.onward === 'MORE' || batch.lines.length > 0;
    return { hasMore, ended: !hasMore && batch.onward === 'END' };
  }

  async #view(offset: number): Promise<LinkView | undefined> {
    const told = await this.#read(this.#options.state.link);
    return told && viewOf(told, offset);
  }

  /** The position's link. When Temporal no longer holds it, the first that it does has what is left of its lines. */
  async #find(first: string): Promise<Told | undefined> {
    try {
      return await this.#read(this.#before.link);
    } catch (error) {
      if (!isGone(error) || this.#before.link === first) throw error;
      this.#before = intoLink(this.#before, first);
      return this.#read(first);
    }
  }

  async #read(link: string): Promise<Told | undefined> {
    const { id, histories, state } = this.#options;
    // What heartbeats held no more when the link was looked at is in so many events.
    if (link === state.link && state.open)
      return toTold(state, await histories.reached(id, link, state.historyLength));
    const closed = await histories.closed(id, link, link === state.link ? state : undefined);
    return closed && { ...closed, safe: closed.log.next, lines: [], running: new Set() };
  }
}

/** What one link holds now. */
interface Told extends Pick<LiveLines, 'lines' | 'running'> {
  readonly log: RunLog;
  /** Its lines up to this offset are settled for the reader. */
  readonly safe: number;
  readonly life: readonly LifeLine[];
}

function toTold(
  { details, mark, lines, running }: LinkState,
  { log, safe, abortRequest }: LinkHistory,
): Told {
  const { iteration } = details;
  const asked = abortRequest && abortRequestOf(abortRequest, { iteration, mark });
  return { log, safe, lines, running, life: [...openingOf(details), ...(asked ? [asked] : [])] };
}

function viewOf({ lines, running, life, ...settled }: Told, after: number): LinkView {
  const page = inOrder(settled, { after, limitBytes: BATCH_BYTES });
  const live = page.more ? [] : withWaiting(unordered(settled), lines);
  return { page, live, running, life, over: false };
}
