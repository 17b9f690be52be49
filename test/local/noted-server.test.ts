import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { noteServer, stopNotedServer } from '../../src/local/noted-server.ts';
import { processId } from '../../src/local/process-start.ts';

let folder: string;
const file = () => join(folder, 'server.json');
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waymark-noted-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function idle() {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(child, 'spawn');
  return { pid: child.pid!, exited: once(child, 'exit'), kill: () => child.kill('SIGKILL') };
}

test('a server that was left behind is stopped, and forgotten', async () => {
  const { pid, exited } = await idle();
  noteServer(file(), pid);
  const lines: string[] = [];
  await stopNotedServer(file(), (line) => void lines.push(line));
  expect(await exited).toEqual([null, 'SIGTERM']);
  expect(lines).toEqual([
    `Stopping the Temporal server ${pid} that an earlier start left behind …`,
  ]);
  expect(await readdir(folder)).toEqual([]);
});

test('a process that only has the same pid is left alone', async () => {
  const { pid, exited, kill } = await idle();
  await writeFile(file(), JSON.stringify({ ...processId(pid), start: 'another time' }));
  await stopNotedServer(file());
  kill();
  expect(await exited).toEqual([null, 'SIGKILL']);
});

test.each(['', 'null', '{"pid":"1","start":"x"}'])('a note that says %j is none', async (text) => {
  await writeFile(file(), text);
  await stopNotedServer(file());
  expect(await readdir(folder)).toEqual([]);
});

test('no note, nothing to stop', async () => {
  await expect(stopNotedServer(file())).resolves.toBeUndefined();
});
