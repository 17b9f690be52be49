import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const CHILD = fileURLToPath(new URL('support/npm-child.ts', import.meta.url));
const COMMAND = `"${process.execPath}" --import tsx "${CHILD}"`;

test.each([
  ['with a shell in between', `${COMMAND}; exit $?`],
  ['with a shell that made room', `exec ${COMMAND}`],
])('a parent that is killed is missed, %s', async (_, command) => {
  const npm = spawn(
    process.execPath,
    [
      '-e',
      `require('child_process').spawn('sh', ['-c', process.argv[1]], { stdio: 'inherit' })`,
      command,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], detached: true },
  );
  onTestFinished(() => {
    try {
      process.kill(-npm.pid!, 'SIGKILL');
    } catch {
      // All of them have ended.
    }
  });
  let output = '';
  for await (const text of npm.stdout.setEncoding('utf8')) {
    output += text;
    if (output.includes('watching') && !npm.killed) npm.kill('SIGKILL');
  }
  expect(output).toMatch(/^watching \d+\nnpm is gone\n$/);
});
