import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Decision } from '../../src/audit/decision.ts';
import { openAudit } from '../../src/process/open-audit.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const done = (run: string): Decision => ({ action: 'run-delete', outcome: 'success', run });
const parsed = (text: string): any[] =>
  text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));

test('lines come in the order in which they were told', async () => {
  const file = join(folder, 'out');
  const fd = openSync(file, 'a');
  const audit = openAudit({ fd });
  for (let n = 0; n < 500; n++) audit.tell(done(`${n}`));
  await expect
    .poll(async () => parsed(await readFile(file, 'utf8')).map(({ waymark }) => waymark.run))
    .toEqual(Array.from({ length: 500 }, (_, n) => `${n}`));
  audit.close();
});

test('a reader that takes nothing holds nobody up, and learns how much it missed', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const fd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const audit = openAudit({ fd, most: 100_000 });
  const TOLD = 5000;
  // Returns at once: 1 MB of lines for a pipe of 64 KiB.
  for (let n = 0; n < TOLD; n++) audit.tell(done(`${n}`));

  let text = '';
  const read = (): number => {
    const chunk = Buffer.alloc(1 << 16);
    try {
      const bytes = readSync(fd, chunk);
      text += chunk.toString('latin1', 0, bytes);
      return bytes;
    } catch {
      return 0;
    }
  };
  await expect
    .poll(() => {
      read();
      // Something to tell, with which the number of those that are missing comes.
      audit.tell(done('after'));
      return text.includes('audit-drop');
    })
    .toBe(true);
  const lines = parsed(text.slice(0, text.lastIndexOf('\n')));
  const drop = lines.findIndex((line) => line['event.action'] === 'audit-drop');
  const before = lines.slice(0, drop).filter(({ waymark }) => waymark.run !== 'after').length;
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(TOLD / 2);
  expect(lines[drop].waymark.count).toBeGreaterThanOrEqual(TOLD - before);
  audit.close();
});

test('an output that is closed costs nobody anything', async () => {
  const file = join(folder, 'out');
  closeSync(openSync(file, 'a'));
  // Nothing can be written there, as where nobody reads any more.
  const audit = openAudit({ fd: openSync(file, 'r') });
  audit.tell(done('x'));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(() => audit.tell(done('y'))).not.toThrow();
  audit.close();
});
