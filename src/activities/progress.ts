import { attemptToLog } from './current-attempt.ts';

export interface ProgressReport {
  readonly done: number;
  /** Leave it out when it is not known. */
  readonly total?: number | null;
  readonly message?: string | null;
}

/** How far this activity is, in a unit of your choice. The newest report stands. Never throws. */
export function progress({ done, total = null, message = null }: ProgressReport): void {
  attemptToLog('progress')?.progress({
    done: finite(done) ?? 0,
    total: finite(total),
    message: typeof message === 'string' ? message.slice(0, 1000) : null,
  });
}

const finite = (value: number | null): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;
