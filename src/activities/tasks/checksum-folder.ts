import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { ApplicationFailure, activityInfo, cancellationDetails } from '@temporalio/activity';
import { checkpoint, lastCheckpoint } from '../checkpoint.ts';
import { insideRoot, refusal } from './inside-root.ts';
import type { InnerFolder } from './inside-root.ts';
import { log } from '../log.ts';
import { Manifest, discard, draftName, isDraft, manifestName } from './manifest.ts';
import type { ManifestPaths } from './manifest.ts';
import { progress } from '../progress.ts';
import { filesAfter, fromText, toBytes, toText } from './walk-files.ts';
import type { FoundFile } from './walk-files.ts';

export interface ChecksumResult {
  readonly files: number;
  readonly bytes: number;
  /** Path of the manifest, from the data root. */
  readonly manifest: string;
}

/** Where to go on. */
interface Cursor {
  /** Of the last file that is in the manifest. */
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
  readonly manifestLength: number;
  /** Bytes of all files, as they were at the start. */
  readonly total: number;
}

/** Enough to be fast, little enough to hear of an abort within milliseconds. */
const CHUNK = 1024 * 1024;

/** Writes the SHA-256 of each file of a folder into a manifest at the top of the data root. */
export async function checksumFolder(dataRoot: string, folder: string): Promise<ChecksumResult> {
  const inner = await insideRoot(dataRoot, folder);
  const name = manifestName(inner.name);
  const { workflowExecution, activityId } = activityInfo();
  const paths: ManifestPaths = {
    path: join(inner.root, name),
    draft: join(
      inner.root,
      draftName(name, `${workflowExecution?.workflowId} ${workflowExecution?.runId} ${activityId}`),
    ),
  };
  try {
    return await writeManifest(inner, name, paths);
  } catch (error) {
    if (isLast(error)) await discard(paths);
    throw error;
  }
}

async function writeManifest(
  inner: InnerFolder,
  name: string,
  paths: ManifestPaths,
): Promise<ChecksumResult> {
  const kept = lastCheckpoint<Cursor>();
  const draft = kept && (await Manifest.resume(paths, kept.manifestLength));
  const start = (draft && kept) ?? (await survey(inner, name));
  const manifest = draft ?? (await begin(paths));
  let { path, files, bytes } = start;
  const { total } = start;
  try {
    for await (const file of ownFilesAfter(inner, name, path)) {
      const before = bytes;
      const checksum = await hash(inner, file.path, (read) => {
        bytes += read;
        progress({ done: bytes, total: Math.max(total, bytes), message: toText(file.path) });
      });
      await manifest.add(checksum, fromRoot(inner, file.path));
      log.info(`Hashed ${toText(file.path)}`, { bytes: bytes - before });
      path = file.path;
      files++;
      await checkpoint({ path, files, bytes, manifestLength: manifest.length, total });
    }
    await manifest.publish();
  } finally {
    await manifest.close();
  }
  progress({ done: bytes, total: bytes });
  return { files, bytes, manifest: name };
}

async function begin(paths: ManifestPaths): Promise<Manifest> {
  const manifest = await Manifest.resume(paths, 0);
  if (manifest) return manifest;
  throw new Error(`The draft ${paths.draft} cannot be written.`);
}

/** How much there is to do; refuses links before anything is done. */
async function survey(inner: InnerFolder, name: string): Promise<Cursor> {
  let total = 0;
  let files = 0;
  for await (const { path } of ownFilesAfter(inner, name, '')) {
    total += (await lstat(toBytes(absolute(inner, path)))).size;
    if (++files % 100 === 0) await checkpoint();
  }
  log.info(`Found ${files} files`, { bytes: total });
  return { path: '', files: 0, bytes: 0, manifestLength: 0, total };
}

/** The folder's files without this manifest and drafts; nothing else may stand among them but what has no content. */
async function* ownFilesAfter(
  inner: InnerFolder,
  name: string,
  after: string,
): AsyncGenerator<FoundFile> {
  for await (const file of filesAfter(fromText(inner.path), after)) {
    if (inner.name === '' && (file.path === name || isDraft(file.path))) continue;
    if (file.kind === 'link')
      throw refusal(
        `${JSON.stringify(toText(file.path))} is a link: what it points to may be outside of the data root.`,
        'OUTSIDE_DATA_ROOT',
      );
    if (file.kind === 'other') log.warn(`Left out ${toText(file.path)}, which is no file`);
    else yield file;
  }
}

async function hash(
  inner: InnerFolder,
  path: string,
  onRead: (bytes: number) => void,
): Promise<string> {
  const file = await openFile(inner, path);
  try {
    const sum = createHash('sha256');
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK);
      if (bytesRead === 0) return sum.digest('hex');
      sum.update(buffer.subarray(0, bytesRead));
      onRead(bytesRead);
      if (bytesRead === CHUNK) await checkpoint();
    }
  } finally {
    await file.close();
  }
}

/** Not through a link that came since the walk: it could lead out of the data root. */
async function openFile(inner: InnerFolder, path: string): Promise<FileHandle> {
  try {
    return await open(
      toBytes(absolute(inner, path)),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EACCES' || code === 'EPERM' || code === 'ELOOP')
      throw refusal(`${JSON.stringify(toText(path))} cannot be read: ${code}.`, 'FILE_UNREADABLE');
    throw error;
  }
}

const absolute = (inner: InnerFolder, path: string): string => `${fromText(inner.path)}/${path}`;
const fromRoot = (inner: InnerFolder, path: string): string =>
  inner.name === '' ? path : `${fromText(inner.name)}/${path}`;

/** No other attempt will go on from the draft. */
const isLast = (error: unknown): boolean =>
  cancellationDetails()?.cancelRequested === true ||
  (error instanceof ApplicationFailure && error.nonRetryable === true);
