import { TaskError, TaskErrorCode } from '../../contract/task-error.ts';
import type { TaskRunStatus } from '../../contract/task-run.ts';
import { linksBefore } from '../temporal/history.ts';
import { isGone } from '../temporal/to-task-error.ts';
import { LONGEST_WALK } from './link-histories.ts';
import type { ClosedLink, LinkHistories } from './link-histories.ts';
import { intoLink, intoReset, startOf, toCursor } from './log-position.ts';
import type { LogPosition } from './log-position.ts';
import { BATCH_BYTES, readOn } from './read-on.ts';
import type { LinkView, LogBatch } from './read-on.ts';
import type { LinkState, RunSource } from './run-source.ts';

/** A batch of a whole run's log. */
export interface RunBatch extends Pick<LogBatch, 'lines' | 'position' | 'cursor'> {
  readonly onward: 'MORE' | 'WAIT' | 'END';
  /** How the run ended; null unless this batch ends its log. */
  readonly status: TaskRunStatus | null;
}

/** The newest link of a run, as whoever reads the log knows it. */
export interface NewestLink {
  readonly state: LinkState;
  /** What an open link has from an offset on; undefined while that is not known. */
  readonly view: (offset: number) => Promise<LinkView | undefined>;
}

/** A run, and where what Temporal keeps of it is read. */
export interface RunToRead {
  readonly id: string;
  readonly source: RunSource;
  readonly histories: LinkHistories;
}

/** Reads the log of one run over all links of its chain, from any position. Closed links need no worker. */
export class LogReader {
  readonly #id: string;
  readonly #source: RunSource;
  readonly #histories: LinkHistories;

  constructor({ id, source, histories }: RunToRead) {
    this.#id = id;
    this.#source = source;
    this.#histories = histories;
  }

  /** Where a reader without a cursor begins: with the first link that Temporal still holds. */
  async start(newest: LinkState): Promise<LogPosition> {
    return startOf(await this.#firstRetained(newest));
  }

  /** What follows a position, or undefined when that is not known yet. */
  async read(position: LogPosition, { state, view }: NewestLink): Promise<RunBatch | undefined> {
    const known = position.link === state.link ? state : undefined;
    if (known?.open) {
      const open = await view(position.offset);
      return open && toRunBatch(readOn(this.#id, position, open));
    }
    try {
      const closed = await this.#histories.closed(this.#id, position.link, known);
      return closed && (await this.#readClosed(position, closed, state));
    } catch (error) {
      if (known || !isGone(error)) throw error;
      return this.#afterLost(position, state);
    }
  }

  async #readClosed(
    position: LogPosition,
    { details, log, life, next: known }: ClosedLink,
    { link: newest }: LinkState,
  ): Promise<RunBatch> {
    const page = log.page({ after: position.offset, limitBytes: BATCH_BYTES });
    const batch = readOn(this.#id, position, { page, live: [], running: NONE, life, over: true });
    if (batch.onward !== 'OVER') return toRunBatch(batch);
    const { link } = position;
    const next =
      known ?? (link !== newest && (await this.#histories.branch(this.#id, link, newest)));
    if (!next) return toRunBatch(batch, details.status);
    return this.#onward(
      next.reset
        ? intoReset(batch.position, next.link, next.offset)
        : intoLink({ ...batch.position, offset: next.offset }, next.link),
      batch.lines,
    );
  }

  /** Temporal no longer holds the link that was read last: what is left goes on in a later one. */
  async #afterLost(position: LogPosition, newest: LinkState): Promise<RunBatch> {
    const link = await this.#firstRetained(newest);
    if (link === position.link) throw gone(this.#id);
    return this.#onward(intoLink(position, link));
  }

  #onward(position: LogPosition, lines: RunBatch['lines'] = []): RunBatch {
    const cursor = toCursor(this.#id, position, NONE);
    return { lines, position, cursor, onward: 'MORE', status: null };
  }

  async #firstRetained({ link, first }: LinkState): Promise<string> {
    if (first === link || (await this.#holds(first))) return first;
    let oldest = link;
    let named = link;
    let steps = 0;
    for await (const before of linksBefore(this.#source.temporal, { id: this.#id, link })) {
      // It could be read, for it has named another one.
      oldest = named;
      named = before;
      if (++steps > LONGEST_WALK) break;
    }
    return oldest;
  }

  async #holds(link: string): Promise<boolean> {
    try {
      return (await this.#histories.closed(this.#id, link)) !== undefined;
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }
}

const NONE: ReadonlySet<string> = new Set();

const toRunBatch = (
  { lines, position, cursor, onward }: LogBatch,
  status: TaskRunStatus | null = null,
): RunBatch =>
  onward === 'OVER'
    ? { lines, position, cursor, onward: 'END', status }
    : { lines, position, cursor, onward, status: null };

const gone = (id: string): TaskError =>
  new TaskError(TaskErrorCode.TaskRunNotFound, `There is no task run "${id}" any more.`, {
    runId: id,
  });
