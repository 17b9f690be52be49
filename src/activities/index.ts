import { logInput } from './log-input.ts';

export interface ActivityOptions {
  /** Absolute path of the folder that tasks may read and write. */
  readonly dataRoot: string;
}

/** The activities of the built-in tasks. */
export const createActivities = (_options: ActivityOptions) => ({ logInput });
export type Activities = ReturnType<typeof createActivities>;
