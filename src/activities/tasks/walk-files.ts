import { readdir } from 'node:fs/promises';

/**
 * Paths here are `latin1` text: one character a byte, so that names which are no UTF-8 stay what they are and sort
 * by their bytes.
 */
export const toBytes = (path: string): Buffer => Buffer.from(path, 'latin1');
export const fromText = (text: string): string => Buffer.from(text).toString('latin1');
export const toText = (path: string): string => toBytes(path).toString();

export interface FoundFile {
  /** Below the folder, with `/`. */
  readonly path: string;
  readonly kind: 'file' | 'link' | 'other';
}

/** Everything below a folder but folders, in an order that never changes, from the first path after `after` on. */
export async function* filesAfter(folder: string, after = ''): AsyncGenerator<FoundFile> {
  yield* walk(folder, '', after === '' ? [] : after.split('/'));
}

/** `after` is what is left of the path to go on from, below this folder. */
async function* walk(
  folder: string,
  prefix: string,
  [next, ...rest]: readonly string[],
): AsyncGenerator<FoundFile> {
  const entries = await readdir(toBytes(folder), { withFileTypes: true, encoding: 'latin1' });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (next !== undefined && entry.name < next) continue;
    const path = prefix + entry.name;
    if (entry.isDirectory())
      yield* walk(`${folder}/${entry.name}`, `${path}/`, entry.name === next ? rest : []);
    else if (entry.name !== next || rest.length > 0)
      yield { path, kind: entry.isFile() ? 'file' : entry.isSymbolicLink() ? 'link' : 'other' };
  }
}
