import { mkdir } from 'node:fs/promises';

/** Resolves when the folder that a setting names is there; throws an error that names the setting. */
export async function makeFolder(setting: string, path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new Error(
      `Expected ${setting} to be a folder, or one that can be made, got ${path}: ${REASON[code] ?? code}.`,
      { cause: error },
    );
  }
}

const REASON: Readonly<Record<string, string>> = {
  EEXIST: 'it is a file',
  ENOTDIR: 'a part of this path is a file',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'that file system is read-only',
};
