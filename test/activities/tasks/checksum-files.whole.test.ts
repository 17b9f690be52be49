import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ApplicationFailure, WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LOGS_QUERY } from '../../../src/contract/wire/messages.ts';
import type { WireLogPage } from '../../../src/contract/wire/run-log.ts';
import type { ChecksumResult } from '../../../src/activities/tasks/checksum-folder.ts';
import { eventually, spawnWorker, startWorker } from '../../support/whole.ts';
import type { WholeTest } from '../../support/whole.ts';

let whole: WholeTest;
let dataRoot: string;
beforeAll(async () => {
  dataRoot = await mkdtemp(join(tmpdir(), 'checksums-'));
  whole = await startWorker({ dataRoot });
});
afterAll(async () => {
  await whole.stop();
  await rm(dataRoot, { recursive: true });
});

const start = (folder: string, taskQueue = whole.taskQueue) =>
  whole.client.workflow.start<(input: { folder: string }) => Promise<ChecksumResult>>(
    'checksumFiles',
    { taskQueue, workflowId: `checksumFiles-${randomUUID()}`, args: [{ folder }] },
  );
const checksum = async (folder: string) => (await start(folder)).result();

async function refusal(folder: string): Promise<string | null | undefined> {
  try {
    await checksum(folder);
  } catch (error) {
    const cause = error instanceof WorkflowFailedError ? error.cause?.cause : undefined;
    if (cause instanceof ApplicationFailure) return cause.type;
    throw error;
  }
  return 'nothing was refused';
}

async function write(path: string, content: string | Buffer): Promise<void> {
  await mkdir(join(dataRoot, path, '..'), { recursive: true });
  await writeFile(join(dataRoot, path), content);
}
const check = (manifest: string) =>
  promisify(execFile)('sha256sum', ['--check', '--strict', manifest], { cwd: dataRoot });

test('the manifest of a folder is what sha256sum checks', async () => {
  await write('photos/b.txt', 'b');
  await write('photos/a.txt', '');
  await write('photos/2026/new.txt', 'new');
  const result = await checksum('photos');
  expect(result).toEqual({ files: 3, bytes: 4, manifest: 'photos.sha256' });
  expect((await check(result.manifest)).stdout.split('\n')).toEqual([
    'photos/2026/new.txt: OK',
    'photos/a.txt: OK',
    'photos/b.txt: OK',
    '',
  ]);
});

test('names with line breaks, backslashes and bytes that are no text are kept', async () => {
  for (const name of ['new\nline', 'back\\slash', 'carriage\rreturn', ' spaces ', '-dash', 'ü€😀'])
    await write(`odd/${name}`, name);
  await writeFile(
    Buffer.concat([Buffer.from(`${dataRoot}/odd/raw-`), Buffer.from([0xff, 0xfe])]),
    'raw',
  );
  const { files, manifest } = await checksum('odd');
  expect(files).toBe(7);
  expect((await check(manifest)).stdout.match(/: OK$/gm)).toHaveLength(7);
});

test('a folder below a folder has a manifest of its own', async () => {
  await write('a/b/c.txt', 'c');
  const { manifest } = await checksum('a/b/');
  expect(manifest).toBe('a%2Fb.sha256');
  await check(manifest);
});

test('the whole root is listed without its own manifest', async () => {
  await write('root.txt', 'root');
  const first = await checksum('.');
  const second = await checksum('.');
  expect(second.files).toBe(first.files);
  expect(await readFile(join(dataRoot, second.manifest), 'utf8')).not.toContain('  .sha256\n');
  await check(second.manifest);
});

test('what is outside of the data root is refused, and so are links', async () => {
  const outside = await mkdtemp(join(tmpdir(), 'outside-'));
  await write('linked/fine.txt', 'fine');
  await symlink(join(outside, 'secret'), join(dataRoot, 'linked/link'));
  await symlink(outside, join(dataRoot, 'way-out'));
  const folders = ['..', '../..', outside, 'way-out', 'way-out/deep', 'linked', 'photos/../..'];
  const refused = await Promise.all(folders.map(refusal));
  await rm(outside, { recursive: true });
  await rm(join(dataRoot, 'way-out'));
  await rm(join(dataRoot, 'linked'), { recursive: true });
  expect(refused).toEqual([
    'OUTSIDE_DATA_ROOT',
    'OUTSIDE_DATA_ROOT',
    'OUTSIDE_DATA_ROOT',
    'OUTSIDE_DATA_ROOT',
    'OUTSIDE_DATA_ROOT',
    'OUTSIDE_DATA_ROOT',
    'OUTSIDE_DATA_ROOT',
  ]);
});

test('a folder that is not there, and a file, are refused', async () => {
  await write('file.txt', 'x');
  expect(await refusal('nowhere')).toBe('FOLDER_NOT_FOUND');
  expect(await refusal('file.txt')).toBe('FOLDER_NOT_FOUND');
});

test('an abort takes effect within a large file and leaves no draft', async () => {
  await sparse('huge/file', 20 * 1024 ** 3);
  const run = await start('huge');
  await eventually(async () => expect(await drafts('huge')).toHaveLength(1));
  await run.cancel();
  await expect(run.result()).rejects.toBeInstanceOf(WorkflowFailedError);
  expect((await run.describe()).status.name).toBe('CANCELLED');
  await eventually(async () => expect(await drafts('huge')).toHaveLength(0));
  await rm(join(dataRoot, 'huge'), { recursive: true });
});

test('after a crash it goes on with the file it was at', async () => {
  const taskQueue = `checksums-${randomUUID()}`;
  await write('crash/1-small', 'small');
  await sparse('crash/2-large', 50 * 1024 ** 3);
  await write('crash/3-last', 'last');
  const first = await spawnWorker(taskQueue, { dataRoot });
  const run = await start('crash', taskQueue);
  await eventually(async () => {
    const { pendingActivities } = (await run.describe()).raw;
    const details = pendingActivities?.[0]?.heartbeatDetails?.payloads?.[0]?.data;
    expect(Buffer.from(details ?? []).toString()).toContain('"message":"2-large"');
  });
  first.kill('SIGKILL');
  await first.ended;
  await truncate(join(dataRoot, 'crash/2-large'), 1000);
  const second = await spawnWorker(taskQueue, { dataRoot });
  const result = await run.result();
  const page = await run.query<WireLogPage>(LOGS_QUERY);
  second.kill('SIGTERM');
  await second.ended;
  expect(result).toEqual({ files: 3, bytes: 1009, manifest: 'crash.sha256' });
  expect(page.entries.map(({ src, m }) => `${src} ${m}`)).toEqual([
    '1/1/1 Started',
    '1/1/1 Found 3 files',
    '1/1/1 Hashed 1-small',
    '1/1/2 Attempt 2 started',
    '1/1/2 Hashed 2-large',
    '1/1/2 Hashed 3-last',
  ]);
  expect((await readFile(join(dataRoot, 'crash.sha256'), 'utf8')).split('\n')[0]).toBe(
    `${createHash('sha256').update('small').digest('hex')}  crash/1-small`,
  );
  await rm(join(dataRoot, 'crash'), { recursive: true });
});

const drafts = async (folder: string) =>
  (await readdir(dataRoot)).filter((name) => name.startsWith(`.${folder}.sha256.`));

/** A file of zeros that takes no room. */
async function sparse(path: string, bytes: number): Promise<void> {
  await write(path, '');
  await truncate(join(dataRoot, path), bytes);
}
