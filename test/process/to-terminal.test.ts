import { spawnSync } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { Audit } from '../../src/audit/audit.ts';
import { sessionOf } from '../../src/login/session.ts';
import { createLogger, toTemporalLogger } from '../../src/process/logger.ts';
import { toTerminal } from '../../src/process/to-terminal.ts';

function shown(): { logger: ReturnType<typeof createLogger>; read: () => string } {
  let text = '';
  const destination = toTerminal({ write: (more) => (text += more) });
  const logger = createLogger({ level: 'debug', destination });
  return { logger, read: () => stripVTControlCharacters(text) };
}

test('a line is a sentence with its time, who speaks and its fields', () => {
  const { logger, read } = shown();
  logger.child({ component: 'gateway' }).info({ port: 4000, host: 'here' }, 'Listening');
  toTemporalLogger(logger).info('Worker state changed', { sdkComponent: 'worker' });
  expect(read()).toMatch(/^\d\d:\d\d:\d\d gateway: Listening port=4000 host=here\n/);
  expect(read()).toMatch(/\n\d\d:\d\d:\d\d worker: Worker state changed\n$/);
});

test('a line of the audit is one too, whatever it names', () => {
  let text = '';
  const terminal = toTerminal({ write: (more) => (text += more) });
  const session = sessionOf({ name: 'a\nb' });
  const line = { action: 'run-abort', outcome: 'failure', session } as const;
  new Audit({ write: (json) => (terminal.write(json), true) }).tell(line);
  expect(stripVTControlCharacters(text)).toMatch(
    /^\d\d:\d\d:\d\d audit: run-abort .*event.outcome=failure user.name=a\\nb .*\n$/,
  );
});

test('what is not as usual says so', () => {
  const { logger, read } = shown();
  logger.warn('Odd');
  logger.fatal('Over');
  expect(read()).toMatch(/^\S+ warning Odd\n\S+ fatal Over\n$/);
});

test('an error is shown with its stack and causes', () => {
  const { logger, read } = shown();
  logger.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'Failed');
  expect(read()).toMatch(/error Failed\n {2}Error: outer\n {6}at [^]+inner/);
});

test('what came from outside cannot move the cursor', () => {
  const { logger, read } = shown();
  logger.info({ name: 'a\u001B[2Jb' }, 'c\u001B[1Ad\ne');
  expect(read()).toContain(String.raw`c\u001b[1Ad\ne name=a\u001b[2Jb`);
});

const hasScript = spawnSync('script', ['--version']).status === 0;
test.runIf(hasScript)('the standard output is JSON unless it is a terminal', () => {
  const code = `import { createLogger } from './src/process/logger.ts'; createLogger().info('Hello');`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', code];
  const piped = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(JSON.parse(piped.stdout)).toMatchObject({ level: 'info', msg: 'Hello' });
  // `script` gives what it runs a terminal of its own.
  const command = [process.execPath, ...args].map((arg) => `"${arg}"`).join(' ');
  const typed = spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8' });
  expect(stripVTControlCharacters(typed.stdout)).toMatch(/^\d\d:\d\d:\d\d Hello\r?\n/);
});
