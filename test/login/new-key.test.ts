import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { findApiKey } from '../../src/login/api-keys.ts';
import { parseAuthFile } from '../../src/login/auth-file.ts';
import { AuthRules } from '../../src/login/auth-rules.ts';

const PROGRAM = fileURLToPath(new URL('../../src/login/new-key.ts', import.meta.url));
const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', PROGRAM, ...args]);

test('the key that is shown is let in by what is shown for the file', async () => {
  const { stdout } = await run('ci');
  const [key = ''] = /wmk_ci_\S+/.exec(stdout) ?? [];
  const [entry = ''] = /\{.*\}/.exec(stdout) ?? [];
  const rules = new AuthRules(parseAuthFile(`{ "keys": [${entry}] }`));
  expect(findApiKey(rules.keys, key)).toMatchObject({ id: 'ci' });
});

test('an id that cannot be one is refused', async () => {
  await expect(run('C I')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('got `C I`'),
  });
});

test('who asks for help is told what is expected, and gets no key', async () => {
  await expect(run('--help')).rejects.toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('Expected the id of a key'),
  });
});
