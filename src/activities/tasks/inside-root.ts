import { lstat, realpath } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { ApplicationFailure } from '@temporalio/activity';

export interface InnerFolder {
  /** Absolute, without links. */
  readonly root: string;
  /** The same of the folder. */
  readonly path: string;
  /** From root to folder; empty for the root itself. */
  readonly name: string;
}

/** A folder inside the root. Refuses, for good, what is outside of it, also by a link, and what is no folder. */
export async function insideRoot(dataRoot: string, folder: string): Promise<InnerFolder> {
  const root = await realpath(dataRoot).catch(() => {
    throw refusal(`There is no data root at ${dataRoot}.`, 'FOLDER_NOT_FOUND');
  });
  const asked = resolve(root, folder);
  if (folder.includes('\0') || !isInside(root, asked))
    throw refusal(
      `Expected a folder inside the data root, got ${JSON.stringify(folder)}.`,
      'OUTSIDE_DATA_ROOT',
    );
  const name = relative(root, asked);
  let path = root;
  for (const part of name === '' ? [] : name.split(sep)) {
    path = join(path, part);
    await assertFolder(path, folder);
  }
  return { root, path, name };
}

/** Part by part: what is behind a link is not even looked at. */
async function assertFolder(path: string, folder: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSymbolicLink())
    throw refusal(
      `Expected a folder inside the data root, got ${JSON.stringify(folder)}, which is or passes a link.`,
      'OUTSIDE_DATA_ROOT',
    );
  if (!found?.isDirectory())
    throw refusal(
      `There is no folder ${JSON.stringify(folder)} in the data root.`,
      'FOLDER_NOT_FOUND',
    );
}

const isInside = (root: string, path: string): boolean =>
  path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);

/** Trying again would not help. */
export const refusal = (message: string, type: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(message, type);
