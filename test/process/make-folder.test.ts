import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { makeFolder } from '../../src/process/make-folder.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'waymark-folder-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
});

test('a folder is made with those above it, and may be there', async () => {
  const path = join(root, 'a/b');
  await makeFolder('WAYMARK_DATA_DIR', path);
  await makeFolder('WAYMARK_DATA_DIR', path);
  expect((await stat(path)).isDirectory()).toBe(true);
});

test('a file in its place is told, with the setting', async () => {
  const file = join(root, 'file');
  await writeFile(file, '');
  await expect(makeFolder('WAYMARK_DATA_DIR', file)).rejects.toThrow(
    `Expected WAYMARK_DATA_DIR to be a folder, or one that can be made, got ${file}: it is a file.`,
  );
  await expect(makeFolder('WAYMARK_DATA_DIR', join(file, 'a'))).rejects.toThrow(
    'a part of this path is a file',
  );
});
