import type { TaskRunStatus } from '../../../../src/contract/task-run.ts';
import type { LogFilter } from '../../../../src/contract/tasks.ts';
import type { LogLine } from '../../../../src/contract/wire/run-log.ts';
import { useShared } from './shared.ts';
import type { Follow } from './shared.ts';

export interface RunLogState {
  readonly lines: readonly LogLine[];
  /** Lines that came before these and are not kept here. */
  readonly forgotten: number;
  /** How the run ended; undefined until its log has. */
  readonly status: TaskRunStatus | undefined;
  /** Lines that the run had too many to keep; known at its end. */
  readonly dropped: number;
  readonly error: Error | undefined;
}

export interface UseRunLogOptions extends LogFilter {
  /** How many lines at most, the newest ones. Default: 10,000. */
  readonly keep?: number | undefined;
  /** Default: true. */
  readonly enabled?: boolean | undefined;
}

const NOTHING: RunLogState = {
  lines: [],
  forgotten: 0,
  status: undefined,
  dropped: 0,
  error: undefined,
};

/** The log of a run, live until it is over: each line once, in order. New lines show once a frame. */
export function useRunLog(
  id: string | null | undefined,
  { keep = 10_000, enabled = true, ...filter }: UseRunLogOptions = {},
): RunLogState {
  const key = enabled && typeof id === 'string' ? id : undefined;
  const shared = key && `log ${JSON.stringify([key, keep, filter])}`;
  return useShared(shared, NOTHING, followLog(key ?? '', filter, keep));
}

const followLog =
  (id: string, filter: LogFilter, keep: number): Follow<RunLogState> =>
  async (client, set, signal) => {
    let came: LogLine[] = [];
    let frame: ReturnType<typeof setTimeout> | undefined;
    const show = (end: Partial<RunLogState> = {}): void => {
      clearTimeout(frame);
      frame = undefined;
      const lines = came;
      came = [];
      set((now) => {
        const all = [...now.lines, ...lines];
        const over = Math.max(0, all.length - keep);
        return { ...now, lines: all.slice(over), forgotten: now.forgotten + over, ...end };
      });
    };
    try {
      for await (const event of client.tail(id, { filter, signal })) {
        if (event.type === 'END') {
          show({ status: event.status, dropped: event.dropped });
          return;
        }
        came.push(event.line);
        frame ??= setTimeout(show, FRAME);
      }
    } catch (error) {
      show({ error: error instanceof Error ? error : new Error(String(error)) });
    } finally {
      clearTimeout(frame);
    }
  };

/** Milliseconds. Not the browser's own: a hidden page has none, and its lines would pile up. */
const FRAME = 16;
