import { createHash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { toBytes } from './walk-files.ts';

/** A list of checksums in the format of `sha256sum`, written beside its final place and moved there when it is whole. */
export class Manifest {
  readonly #file: FileHandle;
  readonly #draft: string;
  readonly #path: string;
  /** Bytes written: where a later attempt goes on. */
  length: number;

  private constructor(file: FileHandle, paths: ManifestPaths, length: number) {
    this.#file = file;
    this.#draft = paths.draft;
    this.#path = paths.path;
    this.length = length;
  }

  /** Goes on with a draft after its first `length` bytes; undefined when it does not have that many any more. */
  static async resume(paths: ManifestPaths, length: number): Promise<Manifest | undefined> {
    const file = await open(paths.draft, length === 0 ? 'w+' : 'r+').catch(ignoreMissing);
    if (!file) return undefined;
    if ((await file.stat()).size < length) {
      await file.close();
      return undefined;
    }
    // A line of a file that was hashed after the last checkpoint will come again.
    await file.truncate(length);
    return new Manifest(file, paths, length);
  }

  async add(checksum: string, path: string): Promise<void> {
    const line = toBytes(toLine(checksum, path));
    await this.#file.write(line, 0, line.length, this.length);
    this.length += line.length;
  }

  /** Puts it in its place, as one step. */
  async publish(): Promise<void> {
    await this.#file.sync();
    await this.close();
    await rename(this.#draft, this.#path);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

export interface ManifestPaths {
  /** Where it will be. */
  readonly path: string;
  /** Where it grows. */
  readonly draft: string;
}

export const discard = ({ draft }: ManifestPaths): Promise<void> => rm(draft, { force: true });

/** `sha256sum` marks a line whose name has a backslash or line break by a backslash of its own. */
function toLine(checksum: string, path: string): string {
  const escaped = path.replace(/[\\\n\r]/g, (character) => ESCAPED[character] ?? character);
  return `${escaped === path ? '' : '\\'}${checksum}  ${escaped}\n`;
}
const ESCAPED: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r' };

/** File name of a folder's manifest, at the top of the data root: one for each folder. */
export function manifestName(folder: string): string {
  const name = `${encodeURIComponent(folder)}.sha256`;
  return name.length <= 200 ? name : `${digest(folder)}.sha256`;
}

/** File name of a draft: each run has its own. */
export const draftName = (manifest: string, run: string): string =>
  `.${manifest}.${digest(run).slice(0, 16)}.part`;
export const isDraft = (name: string): boolean => /^\..*\.sha256\.[\da-f]{16}\.part$/s.test(name);

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
