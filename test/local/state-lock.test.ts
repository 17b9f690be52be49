import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { processId } from '../../src/local/process-start.ts';
import { lockState } from '../../src/local/state-lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waymark-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

const write = (holder: unknown) =>
  writeFile(
    join(folder, 'lock.json'),
    typeof holder === 'string' ? holder : JSON.stringify(holder),
  );
const holderPid = async (): Promise<unknown> =>
  JSON.parse(await readFile(join(folder, 'lock.json'), 'utf8')).pid;

test('a second holder is refused, and told who the first one is', async () => {
  await lockState(folder);
  await expect(lockState(folder, { patience: 100 })).rejects.toThrow(
    `Expected ${folder} to be free, but the process ${process.pid} uses it.`,
  );
});

test('what was released is free', async () => {
  const lock = await lockState(folder);
  await lock.release();
  await expect(lockState(folder, { patience: 0 })).resolves.toBeDefined();
});

test('the lock of a killed process is free', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(child, 'spawn');
  await write(processId(child.pid!));
  child.kill('SIGKILL');
  await once(child, 'exit');
  await lockState(folder, { patience: 0 });
  expect(await holderPid()).toBe(process.pid);
});

test('a pid that was given to another process since does not hold it', async () => {
  await write({ ...processId(process.pid), start: 'another time' });
  await expect(lockState(folder, { patience: 0 })).resolves.toBeDefined();
});

test.each(['', '{"pid":1}'])('a damaged lock, %j, is free', async (text) => {
  await write(text);
  await expect(lockState(folder, { patience: 0 })).resolves.toBeDefined();
});

test('one that is ending is waited for', async () => {
  const lines: string[] = [];
  const lock = await lockState(folder);
  await lock.ending();
  const next = lockState(folder, { patience: 0, report: (line) => void lines.push(line) });
  while (lines.length === 0) await new Promise(setImmediate);
  await lock.release();
  await expect(next).resolves.toBeDefined();
  expect(lines).toEqual([`Waiting for the process ${process.pid}, which uses ${folder}, to end …`]);
});

test('of ten that find a stale lock at once, one gets it', async () => {
  await write({ ...processId(process.pid), start: 'another time' });
  const all = await Promise.allSettled(
    Array.from({ length: 10 }, () => lockState(folder, { patience: 300 })),
  );
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});
