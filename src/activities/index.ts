import { checksumFolder } from './tasks/checksum-folder.ts';
import type { ChecksumResult } from './tasks/checksum-folder.ts';
import { logInput } from './tasks/log-input.ts';

export interface ActivityOptions {
  /** Absolute path of the folder that tasks may read and write. */
  readonly dataRoot: string;
}

/** The activities of the built-in tasks. */
export const createActivities = ({ dataRoot }: ActivityOptions) => ({
  logInput,
  checksumFolder: (folder: string): Promise<ChecksumResult> => checksumFolder(dataRoot, folder),
});
export type Activities = ReturnType<typeof createActivities>;
